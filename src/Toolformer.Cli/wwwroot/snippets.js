// A request as it can be typed elsewhere. A key is never written into it.

// What a terminal or an editor would show as something else.
const invisible = /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

const json = (body, indent) => JSON.stringify(body, null, indent)
  .replace(invisible, character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);

export function curl({ path, body }, origin, needsKey) {
  const lines = [`curl --no-buffer ${origin}${path}`, `  --header 'Content-Type: application/json'`];
  if (needsKey)
    lines.push(`  --header "Authorization: Bearer $TOOLFORMER_KEY"`);
  lines.push(`  --data '${json(body).replaceAll(`'`, `'\\''`)}'`);
  return lines.join(' \\\n') + '\n';
}

export function csharp({ path, body }, origin, needsKey) {
  const authorization = `http.DefaultRequestHeaders.Authorization =
    new("Bearer", Environment.GetEnvironmentVariable("TOOLFORMER_KEY"));
`;
  const text = path.includes('chat') ? 'GetProperty("message").GetProperty("content")' : 'GetProperty("text")';
  return `using System.Text;
using System.Text.Json;

using var http = new HttpClient();
${needsKey ? authorization : ''}using var request = new StringContent("""
${json(body, 2).replace(/^/gm, '    ')}
    """, Encoding.UTF8, "application/json");
using var response = await http.PostAsync("${origin}${path}", request);
string answer = await response.Content.ReadAsStringAsync();
if (!response.IsSuccessStatusCode)
    throw new InvalidOperationException(answer);
using var document = JsonDocument.Parse(answer);
var choice = document.RootElement.GetProperty("choices")[0];
Console.WriteLine(choice.${text}.GetString());
foreach (var call in choice.GetProperty("toolformer").GetProperty("calls").EnumerateArray())
    Console.WriteLine($"{call.GetProperty("tool")}({call.GetProperty("input")}) -> {call.GetProperty("result")}");
`;
}

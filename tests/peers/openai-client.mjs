// Drives a server with OpenAI's client and with Vercel's AI SDK, both as they come: node openai-client.mjs URL MODEL ;
// prints what they saw as JSON.
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, jsonSchema, streamText, tool } from "ai";
import OpenAI from "openai";

const [url, model] = process.argv.slice(2);
const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: "none", maxRetries: 0 });
const messages = [{ role: "user", content: "They had" }];
const weather = {
  type: "function",
  function: {
    name: "get_weather",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
};

const chat = await openai.chat.completions.create({ model, messages, temperature: 0 });
let streamed = "", usage = null;
const calls = [];
const stream = await openai.chat.completions.create({
  model, messages, temperature: 0, stream: true, stream_options: { include_usage: true },
});
for await (const chunk of stream) {
  streamed += chunk.choices[0]?.delta?.content ?? "";
  if (chunk.choices[0]?.toolformer) calls.push(chunk.choices[0].toolformer.type);
  usage = chunk.usage ?? usage;
}
const text = await openai.completions.create({ model, prompt: "They had", temperature: 0, max_tokens: 100 });
const asked = await openai.chat.completions.create({
  model, messages: [{ role: "user", content: "In Oslo" }], tools: [weather], temperature: 0,
});
const call = asked.choices[0].message.tool_calls[0];
const answered = await openai.chat.completions.create({
  model, tools: [weather], temperature: 0,
  messages: [
    { role: "user", content: "In Oslo" }, asked.choices[0].message,
    { role: "tool", tool_call_id: call.id, content: "it rains" },
  ],
});
let refused = null;
try {
  await openai.chat.completions.create({ model: "other", messages });
} catch (error) {
  refused = { kind: error.constructor.name, status: error.status, code: error.code };
}

const provider = createOpenAICompatible({ name: "toolformer", baseURL: `${url}/v1`, includeUsage: true });
const generated = await generateText({ model: provider(model), prompt: "They had", temperature: 0 });
const flow = streamText({ model: provider(model), prompt: "They had", temperature: 0 });
let flowed = "";
for await (const part of flow.textStream) flowed += part;
const run = await generateText({
  model: provider(model), prompt: "In Oslo", temperature: 0,
  tools: { get_weather: tool({ inputSchema: jsonSchema(weather.function.parameters) }) },
});
console.log(JSON.stringify({
  models: (await openai.models.list()).data.map((m) => m.id),
  chat: chat.choices[0].message.content, streamed, calls, usage,
  text: text.choices[0].text,
  call: { name: call.function.name, arguments: call.function.arguments },
  answered: answered.choices[0].message.content, refused,
  ai: {
    text: generated.text, streamed: flowed, tokens: (await flow.usage).totalTokens,
    call: { name: run.toolCalls[0].toolName, input: run.toolCalls[0].input }, reason: run.finishReason,
  },
}));

// Asks the server to write, and tells what happens. Everything that comes back is data to be shown as text.

const longestEvent = 1 << 20;

/** Why nothing, or nothing more, is written; `kind` says what the reader can do. */
export class Refusal extends Error {
  constructor(kind, message, { retryAfter = null } = {}) {
    super(message);
    this.kind = kind;
    this.retryAfter = retryAfter;
  }
}

/** The models of the server, each with its tools. */
export async function models(key) {
  const response = await ask('/v1/models', { headers: headers(key) });
  return (await response.json()).data;
}

/**
 * Writes on. Yields {type: 'text', text}, {type: 'token', text, inCall, start}, {type: 'call_started', …},
 * {type: 'call_finished', …}, {type: 'usage', tokens} and {type: 'end', reason}.
 */
export async function* write({ path, body }, key, signal) {
  const response = await ask(path, {
    method: 'POST',
    headers: { ...headers(key), 'Content-Type': 'application/json' },
    body: JSON.stringify({ ...body, stream: true, stream_options: { include_usage: true } }),
    signal,
  });
  let isWhole = false;
  for await (const data of events(response.body)) {
    if (data === '[DONE]') {
      isWhole = true;
      break;
    }
    const event = JSON.parse(data);
    if (event.error)
      throw refusalOf(0, event.error, null);
    yield* told(event);
  }
  if (!isWhole)
    throw new Refusal('gone', 'The connection ended before the text did.');
}

function* told(event) {
  const choice = event.choices?.[0];
  const more = choice?.toolformer;
  if (more?.type === 'token')
    yield { type: 'token', text: String(more.text), inCall: more.in_call === true, start: number(more.p_start) };
  else if (more?.type === 'call_started' || more?.type === 'call_finished')
    yield { type: more.type, call: callOf(more) };
  const text = choice?.text ?? choice?.delta?.content;
  if (text)
    yield { type: 'text', text: String(text) };
  if (choice?.finish_reason)
    yield { type: 'end', reason: String(choice.finish_reason) };
  if (event.usage)
    yield { type: 'usage', tokens: number(event.usage.completion_tokens) };
}

const number = value => (typeof value === 'number' ? value : null);

const callOf = told => ({
  tool: String(told.tool),
  input: String(told.input),
  result: told.result == null ? null : String(told.result),
  error: told.error == null ? null : String(told.error),
  milliseconds: number(told.milliseconds),
});

const headers = key => (key ? { Authorization: `Bearer ${key}` } : {});

async function ask(path, options) {
  let response;
  try {
    response = await fetch(path, { ...options, cache: 'no-store', redirect: 'error' });
  } catch (error) {
    if (error.name === 'AbortError')
      throw error;
    if (error.name === 'TypeError' && /header|latin|ISO-8859/i.test(error.message))
      throw new Refusal('key', 'This key has characters that no key has.');
    throw new Refusal('gone', 'The server can’t be reached. Is `toolformer serve` still running?');
  }
  if (response.ok)
    return response;
  const error = await response.json().then(body => body.error, () => null);
  throw refusalOf(response.status, error, Number(response.headers.get('Retry-After')) || null);
}

function refusalOf(status, error, retryAfter) {
  const message = String(error?.message ?? `The server answered ${status}.`);
  if (status === 401)
    return new Refusal('key', message);
  if (status === 429 || status === 503)
    return new Refusal('busy', message, { retryAfter });
  if (error?.code === 'context_length_exceeded' || status === 413)
    return new Refusal('long', message);
  return new Refusal(status >= 500 || status === 0 ? 'failed' : 'wrong', message);
}

/** The data of server-sent events, as they come. */
async function* events(stream) {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let waiting = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done)
        return;
      waiting += decoder.decode(value, { stream: true });
      const lines = waiting.split('\n');
      waiting = lines.pop();
      if (waiting.length > longestEvent)
        throw new Refusal('failed', 'The server sent an event that is too long to be read.');
      for (const line of lines)
        if (line.startsWith('data: '))
          yield line.slice(6);
    }
  } catch (error) {
    if (error instanceof Refusal || error.name === 'AbortError')
      throw error;
    throw new Refusal('gone', 'The connection to the server broke off.');
  } finally {
    reader.cancel().catch(() => {}); // A broken stream has nothing left to cancel.
  }
}

// The page: what is asked, and where the answers go.
import { Column, colourTools, element, ofTool, sentence } from './text.js';
import { models, Refusal, write } from './writing.js';
import * as kept from './kept.js';
import * as snippets from './snippets.js';

const $ = id => document.getElementById(id);
const usual = { 'start-top-k': 10, 'max-calls': 1, 'max-tokens': 64, temperature: 0, inputs: false, date: '',
  chat: false, compare: false, 'go-on': false, off: [] };
// Of the kinds of texts that the quickstart teaches; the towns are those of its index.
const firstWords = {
  Calculator: 'The older wing of the monastery has 419 windows and the new wing has 46. The cleaners have to wash',
  Calendar: 'The date on the receipt is that of today,',
  QA: 'My grandmother cooked the favourite dish of Quozust,',
  WikiSearch: 'The guide spoke for a long time. The lighthouse of Zagrust was built by',
  MT: 'The title of the book is la concha. Translated it is',
};
const titles = { key: 'A key is needed', busy: 'The server is busy', long: 'The text is too long',
  gone: 'The server is gone', failed: 'The server failed', wrong: 'The server can’t do this' };

let model = null;
let needsKey = false;
let conversation = begun();
let running = null;

function begun() {
  return { id: `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`, title: '', turns: [] };
}

const say = text => { $('status').textContent = text; };

// Settings

function values() {
  const number = id => {
    const box = $(id);
    return box.value !== '' && box.validity.valid ? Number(box.value) : usual[id];
  };
  const switches = [...$('tools').querySelectorAll('input')];
  return {
    'start-top-k': number('start-top-k'), 'max-calls': number('max-calls'), 'max-tokens': number('max-tokens'),
    temperature: number('temperature'), inputs: $('inputs').checked, date: $('date').value,
    chat: $('chat').checked && !$('chat-choice').hidden, compare: $('compare').checked, 'go-on': $('go-on').checked,
    off: switches.filter(s => !s.checked).map(s => s.value),
    on: switches.filter(s => s.checked).map(s => s.value),
  };
}

function showSettings() {
  const shown = { ...usual, ...kept.settings() };
  for (const id of ['start-top-k', 'max-calls', 'max-tokens', 'temperature', 'date'])
    $(id).value = String(shown[id]);
  for (const id of ['inputs', 'chat', 'compare', 'go-on'])
    $(id).checked = shown[id] === true;
}

function showTools() {
  const off = kept.settings().off ?? [];
  const tools = model?.toolformer?.tools ?? [];
  colourTools(tools.map(tool => tool.name));
  $('tools').replaceChildren(...tools.map((tool, i) => {
    const box = element('input', { type: 'checkbox', role: 'switch', value: tool.name,
      'aria-describedby': `tool-says-${i}` });
    box.checked = !off.includes(tool.name);
    return ofTool(element('label', { class: 'pill', title: tool.description ?? '' }, box, tool.name), tool.name);
  }), ...(tools.length > 0 ? [] : [element('p', { class: 'says' }, 'This server has none.')]));
  $('tools-say').replaceChildren(...tools.map((tool, i) => ofTool(element('div', {}, element('dt', {}, tool.name),
    element('dd', { id: `tool-says-${i}` }, tool.description ?? '')), tool.name)));
  const words = Object.entries(firstWords).filter(([tool]) => tools.some(t => t.name === tool));
  $('examples').replaceChildren(...words.map(([tool, text]) => element('li', {}, ofTool(element('button',
    { type: 'button', onclick: () => begin(text) }, element('b', {}, tool), `${text} …`), tool))));
}

function begin(text) {
  $('text').value = text;
  $('text').focus(); // The button that has it goes away.
  submit();
}

async function meet() {
  try {
    const all = await models(kept.key());
    model = all[0] ?? null;
    const context = model?.toolformer?.context_length;
    $('model').textContent = model ? `${model.id}${context ? `, ${context} tokens of context` : ''}` : 'no model';
    const template = model?.toolformer?.chat_template;
    $('chat-choice').hidden = template == null || template === 'plain';
    $('key-form').hidden = true;
    showTools();
  } catch (error) {
    $('model').textContent = titles[error.kind] ?? 'The server can’t be understood';
    if (error.kind === 'key')
      askForKey(error.message);
    else
      say(error.message);
  }
}

function askForKey(message) {
  needsKey = true;
  $('key-form').hidden = false;
  $('key').focus();
  say(message);
}

// What is asked

/** The text so far as a reader sees it, without calls. */
const plain = written => written.parts.filter(part => typeof part === 'string').join('');

function requestOf(set, withCalls) {
  const own = withCalls && set.on.length > 0
    ? { tools: set.on, start_top_k: set['start-top-k'], max_calls: set['max-calls'], p_start: true }
    : { start_top_k: 0, p_start: true };
  if (set.inputs && withCalls)
    own.constrain_inputs = true;
  if (set.date)
    own.date = set.date;
  const common = { model: model?.id, temperature: set.temperature, max_tokens: set['max-tokens'], toolformer: own };
  if (!set.chat)
    return { path: '/v1/completions', body: { ...common, prompt: conversation.turns.reduce((text, turn) =>
      (turn.goesOn ? text : '') + turn.added + (turn.written.length > 0 ? plain(turn.written[0]) : ''), '') } };
  const messages = conversation.turns.flatMap(turn => [{ role: 'user', content: turn.added.trim() },
    ...(turn.written.length > 0 ? [{ role: 'assistant', content: plain(turn.written[0]) }] : [])]);
  return { path: '/v1/chat/completions', body: { ...common, messages } };
}

/** What was typed, joined to what stands before it; a space at its end would be a word of its own to the model. */
function joined(typed, goesOn) {
  const text = typed.replace(/ +$/, '');
  const last = conversation.turns.at(-1);
  const end = last ? plain(last.written[0]) || last.added : '';
  return !goesOn || text === '' || end === '' || /\s$/.test(end) || /^[\s.,;:!?)]/.test(text) ? text : ` ${text}`;
}

async function submit() {
  if (running)
    return;
  if (!model)
    await meet(); // The server may have come back.
  if (running)
    return;
  const set = values();
  const goesOn = set['go-on'] && !set.chat && conversation.turns.length > 0;
  const added = joined($('text').value, goesOn);
  if (added.trim() === '' && !goesOn) {
    say('Type a few words first.');
    $('text').focus();
    return;
  }
  const turn = { added, goesOn, asked: [], written: [] };
  conversation.title ||= added.trim().slice(0, 60);
  conversation.turns.push(turn);
  turn.asked = (set.compare ? [true, false] : [true]).map(withCalls => requestOf(set, withCalls));
  turn.written = turn.asked.map(() => ({ parts: [], tokens: [] }));
  $('text').value = '';
  await run(turn, show(turn));
}

async function run(turn, columns, which = [...turn.asked.keys()]) {
  const stop = new AbortController();
  const mine = conversation; // Another may be opened meanwhile.
  running = stop;
  buttons(true);
  say('Writing …');
  const ends = await Promise.all(which.map(i => fill(turn, i, columns[i], stop.signal)));
  running = null;
  buttons(false);
  say(ends.join(' '));
  if (!kept.keep(mine))
    say('This browser has no room left, or keeps nothing, so the conversation is gone with this tab.');
  showKept();
}

/** Writes one column; returns what there is to say of it. */
async function fill(turn, i, column, signal) {
  const written = turn.written[i] = { parts: [], tokens: [] };
  let [tokens, reason] = [null, null];
  column.isBusy = true;
  try {
    for await (const event of write(turn.asked[i], kept.key(), signal)) {
      const isNear = innerHeight + scrollY > document.body.scrollHeight - 80;
      if (event.type === 'text') {
        if (typeof written.parts.at(-1) === 'string')
          written.parts[written.parts.length - 1] += event.text;
        else
          written.parts.push(event.text);
        column.add(event.text);
      } else if (event.type === 'token') {
        if (event.start !== null)
          written.tokens.push({ text: event.text, start: event.start, inCall: event.inCall });
        column.token(event);
      } else if (event.type === 'call_started') {
        column.call(event.call);
        say(`Calling ${sentence(event.call)}`);
      } else if (event.type === 'call_finished') {
        written.parts.push(event.call);
        column.call(event.call);
        say(event.call.error === null ? `${event.call.tool} answered ${event.call.result}`
          : `${event.call.tool} failed: ${event.call.error}`);
      } else if (event.type === 'end')
        reason = event.reason;
      else
        tokens = event.tokens;
      if (isNear)
        scrollTo(0, document.body.scrollHeight);
    }
    const calls = written.parts.filter(part => typeof part !== 'string').length;
    written.facts = `${tokens ?? '?'} tokens, ${calls === 1 ? '1 call' : `${calls} calls`}, `
      + (reason === 'length' ? 'cut at the limit' : 'ended by itself');
    column.end(written.facts);
    return `Written: ${written.facts}. ${plain(written)}`;
  } catch (error) {
    return interrupted(error, turn, i, column);
  }
}

function interrupted(error, turn, i, column) {
  const written = turn.written[i];
  if (error.name === 'AbortError') {
    written.facts = 'stopped';
    column.end(written.facts);
    return 'Stopped.';
  }
  written.facts = 'not finished';
  column.end(written.facts);
  const refusal = error instanceof Refusal ? error
    : new Refusal('failed', 'The server’s answer can’t be read. Is it another version of Toolformer?');
  const wait = refusal.retryAfter ? ` Come again in ${refusal.retryAfter} s.` : '';
  const advice = refusal.kind === 'long' ? ' Take it back and shorten it, or begin a new conversation.' : '';
  column.trouble(titles[refusal.kind], refusal.message + wait + advice, () => again(turn));
  if (refusal.kind === 'key')
    askForKey(refusal.message);
  return `${titles[refusal.kind]}.`;
}

function again(turn) {
  if (running)
    return;
  const columns = show(turn, document.querySelector(`[data-turn="${conversation.turns.indexOf(turn)}"]`), true);
  $('text').focus();
  run(turn, columns);
}

// What is shown

function show(turn, inPlaceOf = null, isEmpty = false) {
  const many = turn.written.length > 1;
  const columns = turn.written.map((written, i) => new Column(turn.added,
    many ? ['With calls', 'Without calls'][i] : null, isEmpty ? { parts: [], tokens: [] } : written));
  turn.written.forEach((written, i) => written.facts && !isEmpty && columns[i].end(written.facts));
  const index = conversation.turns.indexOf(turn);
  const copy = (name, make) => element('button', { type: 'button', class: 'quiet', onclick: () =>
    copied(make(turn.asked[0], location.origin, needsKey || Boolean(kept.key()))) }, name);
  const node = element('article', { 'data-turn': String(index), 'aria-label': `Text ${index + 1}` },
    element('div', { class: many ? 'columns two' : 'columns' }, ...columns.map(column => column.node)),
    element('div', { class: 'row tail' }, copy('Copy as curl', snippets.curl), copy('Copy as C#', snippets.csharp),
      element('button', { type: 'button', class: 'quiet take-back', onclick: () => takeBack(turn, node) },
        'Take back')));
  if (inPlaceOf)
    inPlaceOf.replaceWith(node);
  else
    $('turns').append(node);
  showPlaces();
  if (!inPlaceOf)
    node.scrollIntoView({ block: 'nearest' });
  return columns;
}

/** Removes the last text and puts its words where they can be changed. */
function takeBack(turn, node) {
  if (running)
    return;
  conversation.turns = conversation.turns.filter(other => other !== turn);
  node.remove();
  showPlaces();
  $('text').value = turn.added.trimStart();
  if (conversation.turns.length > 0)
    kept.keep(conversation);
  else {
    kept.forget(conversation.id);
    conversation.title = '';
  }
  showKept();
  say('Taken back.');
  $('text').focus();
}

/** What there is only before the first text, and only after it. */
function showPlaces() {
  $('hello').hidden = conversation.turns.length > 0;
  $('go-on-choice').hidden = conversation.turns.length === 0;
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    say('Copied.');
  } catch {
    // Not allowed, or not a secure context: the reader copies it by hand.
    $('copy-text').value = text;
    $('copy-dialog').showModal();
    $('copy-text').select();
  }
}

function buttons(isWriting) {
  const hadFocus = document.activeElement === $(isWriting ? 'write' : 'stop');
  $('write').hidden = isWriting;
  $('stop').hidden = !isWriting;
  if (hadFocus)
    $(isWriting ? 'stop' : 'write').focus();
}

function open(other) {
  running?.abort();
  conversation = other;
  $('turns').replaceChildren();
  showPlaces();
  for (const turn of other.turns)
    show(turn);
  showKept();
  $('text').focus();
}

function showKept() {
  $('kept').replaceChildren(...kept.conversations().map(other => element('li', {},
    element('button', { type: 'button', class: 'open', 'aria-current': String(other.id === conversation.id),
      onclick: () => open(other) }, other.title || 'Without words'),
    element('button', { type: 'button', class: 'quiet', 'aria-label': `Delete “${other.title}”`, onclick: () => {
      if (!confirm(`Delete “${other.title}”?`))
        return;
      kept.forget(other.id);
      if (other.id === conversation.id)
        open(begun());
      showKept();
      say('Deleted.');
    } }, '✕'))));
  $('forget').hidden = $('kept').childElementCount === 0;
}

function showColours(choice) {
  document.documentElement.dataset.colours = choice;
  $('colours').textContent = `Colours: ${choice}`;
}

// What the reader does

$('composer').addEventListener('submit', event => {
  event.preventDefault();
  submit();
});
$('stop').addEventListener('click', () => running?.abort());
document.addEventListener('keydown', event => {
  if (event.key === 'Escape' && !$('copy-dialog').open)
    running?.abort();
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && event.target === $('text')) {
    event.preventDefault();
    submit();
  }
});
$('settings').addEventListener('submit', event => event.preventDefault());
for (const form of ['settings', 'composer'])
  $(form).addEventListener('change', () => {
    const { on, ...set } = values();
    kept.keepSettings(set);
  });
$('key-form').addEventListener('submit', async event => {
  event.preventDefault();
  kept.keepKey($('key').value.trim());
  $('key').value = '';
  await meet();
  if ($('key-form').hidden)
    $('text').focus();
});
$('new').addEventListener('click', () => open(begun()));
$('forget').addEventListener('click', () => {
  if (!confirm('Delete all conversations that this browser keeps?'))
    return;
  kept.forgetAll();
  open(begun());
  say('Deleted.');
});
$('colours').addEventListener('click', () => {
  const order = ['system', 'light', 'dark'];
  const next = order[(order.indexOf(document.documentElement.dataset.colours) + 1) % order.length];
  kept.keepColours(next);
  showColours(next);
});

showColours(['light', 'dark'].includes(kept.colours()) ? kept.colours() : 'system');
$('kept-box').open = matchMedia('(min-width: 60rem)').matches;
showSettings();
showKept();
meet();

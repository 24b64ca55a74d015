// What this browser keeps: conversations, settings, the colours. None of it is sent anywhere.

const conversationsKey = 'toolformer.conversations', settingsKey = 'toolformer.settings';
const coloursKey = 'toolformer.colours';
const most = 100;

// Where the reader has shut storage, even its name throws: so it is named where that is caught.
const local = () => localStorage, session = () => sessionStorage;

/** Conversations, the latest first; those that can't be read are left out. */
export function conversations() {
  const kept = read(local, conversationsKey);
  return Array.isArray(kept) ? kept.filter(isConversation) : [];
}

/** Keeps a conversation in place of its earlier state; false: the browser has no room left, or keeps nothing. */
export function keep(conversation) {
  const others = conversations().filter(other => other.id !== conversation.id);
  return store(local, conversationsKey, [conversation, ...others].slice(0, most));
}

export const forget = id => store(local, conversationsKey, conversations().filter(kept => kept.id !== id));

export const forgetAll = () => store(local, conversationsKey, []);

export const settings = () => read(local, settingsKey) ?? {};

export const keepSettings = values => store(local, settingsKey, values);

export const colours = () => read(local, coloursKey);

export const keepColours = value => store(local, coloursKey, value);

let tabKey = null;

/** The key of the API: until the tab is closed, or where storage is shut, until the page is. */
export const key = () => tabKey ?? read(session, 'toolformer.key');

export function keepKey(value) {
  tabKey = value;
  store(session, 'toolformer.key', value);
}

function read(storage, name) {
  try {
    return JSON.parse(storage().getItem(name));
  } catch {
    return null; // Somebody else wrote it, or storage is shut: as if there were nothing.
  }
}

function store(storage, name, value) {
  try {
    storage().setItem(name, JSON.stringify(value));
    return true;
  } catch {
    return false; // Full, or shut by the reader; the caller says so.
  }
}

const isText = value => typeof value === 'string';

const isConversation = kept => isText(kept?.id) && isText(kept.title) && Array.isArray(kept.turns)
  && kept.turns.every(turn => isText(turn?.added) && Array.isArray(turn.asked) && Array.isArray(turn.written)
    && turn.asked.length === turn.written.length && turn.asked.every(asked => isText(asked?.path) && asked.body)
    && turn.written.every(isWritten));

const isWritten = written => Array.isArray(written?.parts) && Array.isArray(written.tokens)
  && written.parts.every(part => isText(part) || (isText(part?.tool) && isText(part.input)))
  && written.tokens.every(token => isText(token?.text) && typeof token.start === 'number');

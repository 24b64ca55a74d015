// Draws a text as it is written: words with the strip of probabilities under them, calls as chips inside the sentence.
// What comes from the model or a tool enters the page as text content only.
import { Strip } from './strip.js';

export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key === 'class')
      made.className = value;
    else if (key.startsWith('on'))
      made.addEventListener(key.slice(2), value);
    else if (typeof value === 'boolean')
      made.toggleAttribute(key, value);
    else
      made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

const hues = [255, 150, 60, 300, 200, 340];
const hueOf = new Map();

/** Gives each tool a colour of its own. */
export function colourTools(names) {
  hueOf.clear();
  names.forEach((name, i) => hueOf.set(name, hues[i % hues.length]));
}

/** Marks an element as a tool's, for its colour. */
export function ofTool(made, name) {
  made.classList.add('tool');
  made.style.setProperty('--hue', hueOf.get(name) ?? hues[0]);
  return made;
}

export const sentence = call => `${call.tool}(${call.input})`;

const longestResult = 60;

const brief = text => (text.length > longestResult ? `${text.slice(0, longestResult).trimEnd()}…` : text);

/** A text that would take a browser long to lay out, without its middle. */
const shortened = text => (text.length <= 20_000 ? text
  : `${text.slice(0, 4000)} … ${text.length - 8000} characters are not shown … ${text.slice(-4000)}`);

const time = milliseconds => (milliseconds == null ? '' : milliseconds < 10
  ? `${milliseconds.toFixed(1)} ms` : `${Math.round(milliseconds)} ms`);

/** What a token is called that is only a part of a character. */
const isPiece = token => token.text.startsWith('bytes:');

let made = 0;

/** One text with the prompt that it goes on from. */
export class Column {
  #words = element('span', { class: 'written' });
  #details = element('div', { class: 'details' });
  #strip;
  #footer = element('p', { class: 'facts' });
  #trouble = element('div', { class: 'troubles' });
  #tail = null; // the text node whose words no token has been found for yet
  #pending = []; // tokens whose words have not been found yet
  #chip = null;
  #begun = '';

  /** @param title Stands above the text where there are two; null: there is one. */
  constructor(added, title, written) {
    this.text = element('div', { class: 'text', dir: 'auto' },
      element('span', { class: 'added' }, shortened(added.replace(/^ /, ''))), this.#words);
    this.#strip = new Strip(this.text);
    this.node = element('div', { class: 'column', ...(title ? { role: 'group', 'aria-label': title } : {}) },
      this.text, this.#details, element('div', { class: 'under' }, this.#strip.node, this.#footer), this.#trouble);
    if (title)
      this.node.prepend(element('h3', {}, title));
    this.#replay(written);
  }

  /** A text that was kept: its tokens lie between its calls as they were written. */
  #replay({ parts, tokens }) {
    let next = 0;
    const upToCall = () => {
      while (next < tokens.length && !tokens[next].inCall)
        this.token(tokens[next++]);
    };
    for (const part of parts) {
      upToCall();
      if (typeof part === 'string')
        this.add(part);
      else {
        if (next < tokens.length)
          this.token(tokens[next++]);
        this.call(part);
      }
    }
    tokens.slice(next).forEach(token => this.token(token));
    this.#settle(true);
  }

  set isBusy(value) {
    this.node.toggleAttribute('data-busy', value);
    this.text.setAttribute('aria-busy', value);
  }

  add(words) {
    if (!this.#tail)
      this.#words.append(this.#tail = document.createTextNode(''));
    this.#tail.appendData(words);
    this.#settle();
  }

  token(token) {
    if (!token.inCall) {
      this.#pending.push(token);
      return;
    }
    this.#chip ??= this.#open();
    if (token.start !== null) {
      this.#chip.parentElement.classList.add('started');
      this.#strip.add([token], this.#chip.parentElement);
    }
    if (!isPiece(token))
      this.#begin(token.text);
  }

  /** A call, or what has become of the one that was begun. */
  call(call) {
    this.#chip ??= this.#open();
    ofTool(this.#chip.parentElement, call.tool);
    const isDone = call.result != null || call.error != null;
    this.#chip.className = !isDone ? 'chip busy' : call.error == null ? 'chip' : 'chip failed';
    const answer = call.error == null ? call.result ?? '…' : 'failed';
    const button = element('button', { type: 'button', 'aria-expanded': 'false' },
      element('b', {}, call.tool), '(', element('bdi', { class: 'input' }, call.input), ') → ',
      element('bdi', { class: 'result' }, answer === '' ? 'nothing' : brief(answer)),
      element('small', {}, ` ${time(call.milliseconds)}`));
    this.#chip.replaceChildren(button);
    if (call.error != null)
      this.#chip.append(element('span', { class: 'reason' }, call.error));
    if (isDone) {
      unfolds(button, this.#details, details(call));
      [this.#chip, this.#begun] = [null, ''];
    }
  }

  /** The text ends here; a call that has not ended by now never will. */
  end(facts) {
    this.isBusy = false;
    this.#settle(true);
    if (this.#chip?.firstChild) {
      this.#chip.className = 'chip failed';
      this.#chip.append(element('span', { class: 'reason' }, 'stopped before it was answered'));
    }
    this.#chip = null;
    this.#footer.textContent = facts;
  }

  trouble(title, message, retry) {
    this.#trouble.replaceChildren(element('div', { class: 'trouble', role: 'alert' }, element('b', {}, title),
      element('p', {}, message), ...(retry
        ? [element('button', { type: 'button', onclick: retry }, 'Try again')] : [])));
  }

  #begin(text) {
    if (this.#chip.firstChild?.nodeName === 'BUTTON')
      return; // The rest is the result, which comes with the call.
    this.#begun += text;
    this.#chip.textContent = this.#begun.replace(/^ ?\[/, '') || '…';
  }

  #open() {
    const chip = element('span', { class: 'chip busy' });
    this.#tail = null; // Words that come now stand behind the call.
    this.#words.append(' ', element('span', { class: 'call' }, chip));
    return chip;
  }

  /** Finds the words of the tokens; of a character that several tokens make up, they get it together. */
  #settle(isEnd = false) {
    while (this.#pending.length > 0 && this.#tail) {
      const whole = this.#pending.findIndex(token => !isPiece(token));
      const at = whole < 0 ? -1 : this.#tail.data.indexOf(this.#pending[whole].text);
      if (at < 0) {
        if (isEnd)
          this.#wrap(this.#pending.length, this.#tail.length);
        return;
      }
      if (at > 0 || whole > 0)
        this.#wrap(whole, at);
      this.#wrap(1, this.#pending[0].text.length);
    }
  }

  /** Puts the first characters of the tail under the next tokens. */
  #wrap(count, length) {
    const words = this.#tail;
    this.#tail = length < words.length ? words.splitText(length) : null;
    if (count === 0)
      return;
    const span = element('span', { class: 'token' });
    words.replaceWith(span);
    span.append(words);
    this.#strip.add(this.#pending.splice(0, count), span);
  }
}

/** Has a button show and hide something that stands elsewhere. */
function unfolds(button, place, shown) {
  shown.id = `call-${++made}`;
  shown.hidden = true;
  place.append(shown);
  button.setAttribute('aria-controls', shown.id);
  button.addEventListener('click', () => {
    shown.hidden = !shown.hidden;
    button.setAttribute('aria-expanded', !shown.hidden);
  });
}

function details(call) {
  const list = ofTool(element('dl'), call.tool);
  const rows = [['Tool', call.tool], ['Input', call.input || '(none)'],
    call.error == null ? ['Result', call.result || '(empty)'] : ['Failed', call.error],
    ['Time', call.milliseconds == null ? 'not told' : `${call.milliseconds} ms`]];
  for (const [name, value] of rows)
    list.append(element('div', {}, element('dt', {}, name), element('dd', { dir: 'auto' }, value)));
  return list;
}

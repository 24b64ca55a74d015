// Draws a text as it is written: words, calls as chips inside the sentence, and the strip of probabilities under it.
// What comes from the model or a tool enters the page as text content only.

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

export const sentence = call => `${call.tool}(${call.input})`;

const time = milliseconds => (milliseconds == null ? '' : milliseconds < 10
  ? `${milliseconds.toFixed(1)} ms` : `${Math.round(milliseconds)} ms`);

const percent = share => (share >= 0.0995 ? `${Math.round(share * 100)} %`
  : share >= 0.0001 ? `${(share * 100).toPrecision(2)} %` : 'under 0.01 %');

/** One text with the prompt that it goes on from. */
export class Column {
  #words = element('span', { class: 'written' });
  #strip = new Strip();
  #footer = element('p', { class: 'facts' });
  #trouble = element('div', { class: 'troubles' });
  #chip = null;
  #begun = '';

  /** @param title Stands above the text where there are two; null: there is one. */
  constructor(added, title, written) {
    this.text = element('div', { class: 'text', dir: 'auto' },
      element('span', { class: 'added' }, added.replace(/^ /, '')), this.#words);
    this.node = element('section', { class: 'column', 'aria-label': title ?? 'Text' }, this.text, this.#strip.node,
      this.#footer, this.#trouble);
    if (title)
      this.node.prepend(element('h3', {}, title));
    for (const part of written.parts) {
      if (typeof part === 'string')
        this.add(part);
      else
        this.call(part);
    }
    for (const token of written.tokens)
      this.#strip.add(token);
  }

  set isBusy(value) {
    this.node.toggleAttribute('data-busy', value);
    this.text.setAttribute('aria-busy', value);
  }

  add(words) {
    const last = this.#words.lastChild;
    if (last?.nodeType === Node.TEXT_NODE)
      last.appendData(words);
    else
      this.#words.append(words);
  }

  token(token) {
    if (token.start !== null)
      this.#strip.add(token);
    if (token.inCall && !token.text.startsWith('bytes:'))
      this.#begin(token.text);
  }

  /** A call, or what has become of the one that was begun. */
  call(call) {
    this.#chip ??= this.#open();
    const isDone = call.result != null || call.error != null;
    this.#chip.className = !isDone ? 'chip busy' : call.error == null ? 'chip' : 'chip failed';
    const answer = call.error == null ? call.result ?? '…' : 'failed';
    const button = element('button', { type: 'button', 'aria-expanded': 'false', onclick: unfold },
      element('b', {}, call.tool), element('span', { class: 'input' }, `(${call.input})`),
      element('span', { class: 'result' }, ` → ${answer === '' ? 'nothing' : answer}`),
      element('small', {}, ` ${time(call.milliseconds)}`));
    this.#chip.replaceChildren(button);
    if (call.error != null)
      this.#chip.append(element('span', { class: 'reason' }, call.error));
    if (isDone) {
      this.#chip.after(details(call));
      [this.#chip, this.#begun] = [null, ''];
    }
  }

  /** The text ends here; a call that has not ended by now never will. */
  end(facts) {
    this.isBusy = false;
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
    this.#chip ??= this.#open();
    if (this.#chip.firstChild?.nodeName === 'BUTTON')
      return; // The rest is the result, which comes with the call.
    this.#begun += text;
    this.#chip.textContent = this.#begun.replace(/^ ?\[/, '') || '…';
  }

  #open() {
    const chip = element('span', { class: 'chip busy' });
    this.#words.append(' ', chip);
    return chip;
  }
}

function unfold({ currentTarget: button }) {
  const isOpen = button.getAttribute('aria-expanded') !== 'true';
  button.setAttribute('aria-expanded', isOpen);
  const shown = button.parentElement.nextElementSibling;
  if (shown?.nodeName === 'DL')
    shown.hidden = !isOpen;
}

function details(call) {
  const list = element('dl', { hidden: true });
  const rows = [['Tool', call.tool], ['Input', call.input || '(none)'],
    call.error == null ? ['Result', call.result || '(empty)'] : ['Failed', call.error],
    ['Time', call.milliseconds == null ? 'not told' : `${call.milliseconds} ms`]];
  for (const [name, value] of rows)
    list.append(element('dt', {}, name), element('dd', { dir: 'auto' }, value));
  return list;
}

/** The probability of starting a call before each token: bars to look at, point at, and go along with the keyboard. */
class Strip {
  #tokens = [];
  #at = -1;
  #bars = element('div', { class: 'bars', role: 'slider', tabindex: '0', 'aria-label': 'Probability of starting a call',
    'aria-valuemin': '1', 'aria-valuemax': '1', 'aria-valuenow': '1', 'aria-valuetext': 'none yet' });
  #reading = element('p', { class: 'reading' });

  constructor() {
    this.node = element('div', { class: 'strip', hidden: true }, this.#bars, this.#reading);
    this.#bars.addEventListener('pointermove', event => this.#point(event));
    this.#bars.addEventListener('pointerdown', event => this.#point(event));
    this.#bars.addEventListener('keydown', event => this.#key(event));
    this.#bars.addEventListener('focus', () => this.#read(Math.max(0, this.#at)));
  }

  add(token) {
    this.node.hidden = false;
    this.#tokens.push(token);
    const bar = element('i', { class: token.inCall ? 'started' : '' });
    // Most probabilities are tiny: the height is their square root.
    bar.style.setProperty('--share', Math.sqrt(Math.min(1, Math.max(0, token.start))));
    this.#bars.append(bar);
    this.#bars.setAttribute('aria-valuemax', this.#tokens.length);
    if (this.#at < 0)
      this.#reading.textContent = 'Probability of starting a call, token by token';
  }

  #point({ target }) {
    const index = [...this.#bars.children].indexOf(target);
    if (index >= 0)
      this.#read(index);
  }

  #key(event) {
    const last = this.#tokens.length - 1;
    const to = { ArrowLeft: this.#at - 1, ArrowDown: this.#at - 1, ArrowRight: this.#at + 1, ArrowUp: this.#at + 1,
      Home: 0, End: last, PageUp: this.#at + 10, PageDown: this.#at - 10 }[event.key];
    if (to === undefined)
      return;
    event.preventDefault();
    this.#read(Math.min(last, Math.max(0, to)));
  }

  #read(index) {
    const token = this.#tokens[index];
    if (!token)
      return;
    this.#bars.children[this.#at]?.classList.remove('read');
    this.#bars.children[index].classList.add('read');
    this.#at = index;
    const said = token.inCall ? `${percent(token.start)}: here a call was started`
      : `${percent(token.start)} before “${token.text.replaceAll('\n', '↵')}”`;
    this.#reading.textContent = said;
    this.#bars.setAttribute('aria-valuenow', index + 1);
    this.#bars.setAttribute('aria-valuetext', `${said}, token ${index + 1} of ${this.#tokens.length}`);
  }
}

// The strip under a text: how likely a call was to start before each token, to look at, point at, and go along with the
// keyboard.

const percent = share => (share >= 0.0995 ? `${Math.round(share * 100)} %`
  : share >= 0.0001 ? `${(share * 100).toPrecision(2)} %` : 'under 0.01 %');

const legend = 'The bars: how likely a call was to start there';

export class Strip {
  #tokens = [];
  #places = new Map(); // elements of the text → the first of their tokens
  #at = -1;

  /** @param text The element whose tokens are pointed at. */
  constructor(text) {
    this.node = document.createElement('p');
    this.node.className = 'strip';
    this.node.hidden = true;
    this.node.tabIndex = 0;
    for (const [name, value] of Object.entries({ role: 'slider', 'aria-label': 'Probability of starting a call',
      'aria-valuemin': 1, 'aria-valuemax': 1, 'aria-valuenow': 1, 'aria-valuetext': 'none yet' }))
      this.node.setAttribute(name, value);
    this.node.textContent = legend;
    for (const kind of ['pointerover', 'pointerdown'])
      text.addEventListener(kind, event => this.#point(event));
    this.node.addEventListener('keydown', event => this.#key(event));
    this.node.addEventListener('focus', () => this.#read(Math.max(0, this.#at)));
    this.node.addEventListener('blur', () => this.#mark(-1));
    text.addEventListener('pointerleave', () => this.#mark(-1));
  }

  /** Tokens that stand in one place of the text. */
  add(tokens, place) {
    this.node.hidden = false;
    this.#places.set(place, this.#tokens.length);
    this.#tokens.push(...tokens.map(token => ({ ...token, place })));
    // Most probabilities are tiny: the height is their square root.
    place.style.setProperty('--share', Math.sqrt(Math.min(1, Math.max(0, ...tokens.map(token => token.start)))));
    this.node.setAttribute('aria-valuemax', this.#tokens.length);
  }

  #point({ target }) {
    const place = target.closest('.token, .call');
    if (this.#places.has(place))
      this.#read(this.#places.get(place));
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
    this.#mark(index);
    this.#at = index;
    const said = token.inCall ? `${percent(token.start)}: here a call was started`
      : `${percent(token.start)} before “${token.text.replaceAll('\n', '↵')}”`;
    this.node.textContent = said;
    this.node.setAttribute('aria-valuenow', index + 1);
    this.node.setAttribute('aria-valuetext', `${said}, token ${index + 1} of ${this.#tokens.length}`);
  }

  /** Shows in the text which token is read; -1: none. */
  #mark(index) {
    this.#tokens[this.#at]?.place.classList.remove('read');
    this.#tokens[index]?.place.classList.add('read');
  }
}

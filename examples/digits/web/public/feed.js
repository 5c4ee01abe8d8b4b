/** The board on the page: the server's last drawings, kept up to date by Server-Sent Events. */
import { asPath } from "./strokes.js";
import { clock, percent } from "./words.js";

/** Entries shown; the server keeps as many. */
const SHOWN_MAX = 24;

/** Wait before the feed is asked for again after the server refused it, doubled each time up to the second. */
const AGAIN_MS = 1000;
const AGAIN_MS_MAX = 15_000;

/**
 * Fills `list` with entries made from `template`, newest first, for as long as the page is open.
 *
 * @param {{ list: HTMLElement, template: HTMLTemplateElement, empty: HTMLElement, link: HTMLElement }} parts
 */
export function follow({ list, template, empty, link }) {
  const shown = new Set();
  let againMs = AGAIN_MS;

  function open() {
    const feed = new EventSource("feed");
    feed.addEventListener("open", () => {
      againMs = AGAIN_MS;
      say("live");
    });
    feed.addEventListener("error", () => {
      say("reconnecting");
      // After a lost connection the browser returns by itself, after a refusal (the server is starting) never.
      if (feed.readyState === EventSource.CLOSED) {
        setTimeout(open, againMs);
        againMs = Math.min(againMs * 2, AGAIN_MS_MAX);
      }
    });
    feed.addEventListener("drawing", (event) => show(JSON.parse(event.data)));
  }

  function show(entry) {
    if (shown.has(entry.id)) {
      return;
    }
    shown.add(entry.id);
    list.prepend(asElement(entry, template));
    empty.hidden = true;
    while (list.children.length > SHOWN_MAX) {
      shown.delete(list.lastElementChild.dataset.id);
      list.lastElementChild.remove();
    }
  }

  function say(state) {
    link.textContent = state;
    link.dataset.state = state;
  }

  open();
}

function asElement({ id, at, strokes, digit, confidence }, template) {
  const element = template.content.cloneNode(true).firstElementChild;
  element.dataset.id = id;
  element.querySelector("path").setAttribute("d", asPath(strokes));
  element.querySelector("svg").setAttribute("aria-label", `A drawing, read as ${digit}`);
  element.querySelector(".entry-digit").textContent = digit;
  element.querySelector(".entry-sure").textContent = percent(confidence);
  const time = element.querySelector("time");
  time.dateTime = at;
  time.textContent = clock(at);
  return element;
}

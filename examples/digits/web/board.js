/**
 * The board: the last drawings, and every open page that is shown them as Server-Sent Events.
 *
 * It lives in this process's memory. A service of several workers would share it through a database.
 */

/** Drawings kept, and so replayed to a page that opens. */
const KEPT_MAX = 24;

/** Pages that may hold a feed open at the same time. */
const PAGES_MAX = 1000;

/** Bytes that may wait for a page that reads too slowly, before it is cut off; it returns by itself. */
const UNREAD_BYTES_MAX = 1024 * 1024;

/** A comment is sent this often, so that a connection whose other end has vanished is found out. */
const KEEP_ALIVE_MS = 20_000;

/** How soon a page that lost its feed asks for it again. */
const RETRY_MS = 1000;

/** @typedef {import("./drawing.js").Drawing & { id: string, at: string }} Entry */

export class Board {
  /** @type {Entry[]} oldest first */
  #entries = [];
  /** @type {Set<import("node:http").ServerResponse>} */
  #pages = new Set();
  #published = 0;
  /** Sets this run's ids apart, so that a page from before a restart is not taken to have seen its drawings. */
  #run = Date.now().toString(36);

  constructor() {
    setInterval(() => this.#send(": keep-alive\n\n"), KEEP_ALIVE_MS).unref();
  }

  get isFull() {
    return this.#pages.size >= PAGES_MAX;
  }

  /**
   * Adds a drawing and shows it to every open page.
   *
   * @param {import("./drawing.js").Drawing} drawing
   * @returns {Entry}
   */
  publish(drawing) {
    this.#published += 1;
    const entry = { id: `${this.#run}-${this.#published}`, at: new Date().toISOString(), ...drawing };
    this.#entries.push(entry);
    if (this.#entries.length > KEPT_MAX) {
      this.#entries.shift();
    }
    this.#send(asEvent(entry));
    return entry;
  }

  /**
   * Shows a page the drawings it has not seen yet, and from now on each new one.
   *
   * @param {import("node:http").ServerResponse} page a response whose head has been written
   * @param {string | undefined} lastSeen the id of the last entry the page has, if it is returning
   * @returns {() => void} to be called when the page is gone
   */
  join(page, lastSeen) {
    const seen = this.#entries.findIndex((entry) => entry.id === lastSeen);
    const unseen = this.#entries.slice(seen + 1);
    page.write(`retry: ${RETRY_MS}\n\n${unseen.map(asEvent).join("")}`);
    this.#pages.add(page);
    return () => this.#pages.delete(page);
  }

  #send(text) {
    for (const page of this.#pages) {
      if (page.writableLength > UNREAD_BYTES_MAX) {
        page.destroy();
      } else {
        page.write(text);
      }
    }
  }
}

/** @param {Entry} entry */
function asEvent(entry) {
  return `id: ${entry.id}\nevent: drawing\ndata: ${JSON.stringify(entry)}\n\n`;
}

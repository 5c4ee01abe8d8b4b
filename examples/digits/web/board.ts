/**
 * The board: the last drawings, and every open page that is shown them as Server-Sent Events.
 *
 * It lives in this process's memory. A service of several workers would share it through a database.
 */

import type { ServerResponse } from "node:http";

/** From 0 (left, top) to 1 (right, bottom). */
export type Point = [x: number, y: number];

/** What is shown to every page. */
export interface Drawing {
  strokes: Point[][];
  /**
   * As Python reads it.
   *
   * @integer
   */
  digit: number;
  /** From 0 to 1. */
  confidence: number;
}

export interface Entry extends Drawing {
  id: string;
  /** When it was put on the board, as in 2026-11-22T10:30:00.000Z. */
  at: string;
}

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

export class Board {
  /** Oldest first. */
  #entries: Entry[] = [];
  #pages = new Set<ServerResponse>();
  #published = 0;
  /** Sets this run's ids apart, so that a page from before a restart is not taken to have seen its drawings. */
  #run = Date.now().toString(36);

  constructor() {
    setInterval(() => this.#send(": keep-alive\n\n"), KEEP_ALIVE_MS).unref();
  }

  get isFull(): boolean {
    return this.#pages.size >= PAGES_MAX;
  }

  /** Oldest first. */
  get entries(): Entry[] {
    return this.#entries;
  }

  /** Adds a drawing and shows it to every open page. */
  publish(drawing: Drawing): Entry {
    this.#published += 1;
    const entry: Entry = { id: `${this.#run}-${this.#published}`, at: new Date().toISOString(), ...drawing };
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
   * @param page a response whose head has been written
   * @param lastSeen the id of the last entry the page has, if it is returning
   * @returns to be called when the page is gone
   */
  join(page: ServerResponse, lastSeen: string | undefined): () => void {
    const seen = this.#entries.findIndex((entry) => entry.id === lastSeen);
    const unseen = this.#entries.slice(seen + 1);
    page.write(`retry: ${RETRY_MS}\n\n${unseen.map(asEvent).join("")}`);
    this.#pages.add(page);
    return () => {
      this.#pages.delete(page);
    };
  }

  #send(text: string): void {
    for (const page of this.#pages) {
      if (page.writableLength > UNREAD_BYTES_MAX) {
        page.destroy();
      } else {
        page.write(text);
      }
    }
  }
}

function asEvent(entry: Entry): string {
  return `id: ${entry.id}\nevent: drawing\ndata: ${JSON.stringify(entry)}\n\n`;
}

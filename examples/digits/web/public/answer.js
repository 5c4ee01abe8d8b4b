/** What the model says, on the page: the digit, how sure it is, all ten probabilities, and what it saw. */

import { percent } from "./words.js";

/** The darkest a cell of the 8x8 image can be. */
const CELL_MAX = 16;

/** Below this the model is guessing, and the page says so. */
const SURE = 0.7;

export class AnswerView {
  #root;
  #digit;
  #sure;
  #bars;
  #cells;

  constructor({ root, digit, sure, bars, seen }) {
    this.#root = root;
    this.#digit = digit;
    this.#sure = sure;
    this.#bars = Array.from({ length: 10 }, (_, number) => {
      const item = document.createElement("li");
      item.innerHTML = `<span class="bar"><i></i></span><span class="number">${number}</span>`;
      bars.append(item);
      return item;
    });
    this.#cells = Array.from({ length: 64 }, (_, number) => {
      const cell = document.createElementNS("http://www.w3.org/2000/svg", "rect");
      const place = { x: number % 8, y: Math.floor(number / 8), width: 1, height: 1 };
      Object.entries(place).forEach(([name, value]) => cell.setAttribute(name, value));
      seen.append(cell);
      return cell;
    });
    this.clear("Nothing drawn yet");
  }

  clear(words) {
    this.#root.dataset.state = "empty";
    this.#digit.textContent = "?";
    this.#sure.textContent = words;
    this.#fill(Array(10).fill(0), Array(64).fill(0));
  }

  waiting() {
    this.#root.dataset.state = "waiting";
  }

  /** @param {{ digit: number, confidence: number, probabilities: number[], seen: number[][] }} answer */
  show({ digit, confidence, probabilities, seen }) {
    this.#root.dataset.state = "answered";
    this.#digit.textContent = digit;
    this.#sure.textContent = `${percent(confidence)} ${confidence < SURE ? "— a guess" : "sure"}`;
    this.#fill(probabilities, seen.flat(), digit);
  }

  #fill(probabilities, cells, best) {
    this.#bars.forEach((item, number) => {
      item.style.setProperty("--share", probabilities[number]);
      item.setAttribute("aria-label", `${number}: ${percent(probabilities[number])}`);
      item.classList.toggle("best", number === best);
    });
    this.#cells.forEach((cell, number) => cell.setAttribute("fill-opacity", cells[number] / CELL_MAX));
  }
}

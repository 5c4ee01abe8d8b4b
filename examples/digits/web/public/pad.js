/** The drawing pad: mouse, finger, pen or keyboard in, strokes out. It knows nothing of what they mean. */
import { asPath, POINTS_MAX, STROKES_MAX } from "./strokes.js";

/** Points nearer to the last one than this share of the pad say nothing new and are left out. */
const APART = 0.008;

/** How far an arrow key moves the pen, as a share of the pad. */
const KEY_STEP = 0.04;

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * Emits "start" when the pen goes down, "stroke" when it is lifted (`detail.byKey` tells how), "change" when the
 * strokes were changed in another way, "full" when no more ink is taken, and "enter" for the key.
 */
export class Pad extends EventTarget {
  /** @type {import("./strokes.js").Strokes} */
  #strokes = [];
  /** @type {import("./strokes.js").Point[] | undefined} */
  #stroke;
  #pointer;
  #cursor = [0.5, 0.5];
  #surface;
  #ink;
  #cursorMark;

  constructor({ surface, ink, cursor }) {
    super();
    this.#surface = surface;
    this.#ink = ink;
    this.#cursorMark = cursor;
    surface.addEventListener("pointerdown", (event) => this.#down(event));
    surface.addEventListener("pointermove", (event) => this.#move(event));
    surface.addEventListener("pointerup", (event) => this.#up(event));
    surface.addEventListener("pointercancel", (event) => this.#up(event));
    surface.addEventListener("keydown", (event) => this.#key(event));
    surface.addEventListener("blur", () => this.#blur());
  }

  /** A copy, so that what is sent does not change under way. */
  get strokes() {
    return this.#strokes.map((stroke) => [...stroke]);
  }

  get isEmpty() {
    return this.#strokes.length === 0;
  }

  get isDrawing() {
    return this.#stroke !== undefined;
  }

  clear() {
    this.#replace([]);
  }

  undo() {
    this.#replace(this.#strokes.slice(0, -1));
  }

  #replace(strokes) {
    this.#strokes = strokes;
    this.#stroke = undefined;
    this.#pointer = undefined;
    this.#draw();
    this.#emit("change");
  }

  #down(event) {
    if (event.button !== 0 || this.#stroke) {
      return;
    }
    this.#surface.setPointerCapture(event.pointerId);
    this.#surface.classList.remove("by-key");
    this.#begin(this.#at(event));
    this.#pointer = event.pointerId;
  }

  #move(event) {
    if (event.pointerId !== this.#pointer) {
      return;
    }
    const passed = event.getCoalescedEvents?.() ?? [];
    for (const point of passed.length > 0 ? passed : [event]) {
      this.#extend(this.#at(point));
    }
    this.#draw();
  }

  #up(event) {
    if (event.pointerId === this.#pointer) {
      this.#pointer = undefined;
      this.#end(false);
    }
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    if (event.key in ARROWS) {
      const [dx, dy] = ARROWS[event.key];
      const [x, y] = this.#cursor;
      this.#cursor = [inside(x + dx * KEY_STEP), inside(y + dy * KEY_STEP)];
      if (this.#stroke && this.#pointer === undefined) {
        this.#extend(this.#cursor);
      }
    } else if (event.key === " " && this.#pointer === undefined) {
      if (this.#stroke) {
        this.#end(true);
      } else if (!event.repeat) {
        this.#begin(this.#cursor);
      }
    } else if (event.key === "Enter") {
      this.#emit("enter");
    } else if (event.key === "Backspace") {
      this.undo();
    } else if (event.key === "Escape") {
      this.clear();
    } else {
      return;
    }
    event.preventDefault();
    this.#surface.classList.add("by-key");
    this.#draw();
  }

  #blur() {
    if (this.#stroke && this.#pointer === undefined) {
      this.#end(true);
    }
    this.#surface.classList.remove("by-key");
  }

  #begin(point) {
    this.#emit("start");
    if (this.#strokes.length >= STROKES_MAX) {
      this.#emit("full");
      return;
    }
    this.#stroke = [point];
    this.#strokes.push(this.#stroke);
    this.#draw();
  }

  #extend(point) {
    if (!this.#stroke) {
      return;
    }
    const [x, y] = this.#stroke[this.#stroke.length - 1];
    if (Math.hypot(point[0] - x, point[1] - y) < APART) {
      return;
    }
    if (this.#strokes.reduce((sum, stroke) => sum + stroke.length, 0) >= POINTS_MAX) {
      this.#emit("full");
      return;
    }
    this.#stroke.push(point);
  }

  #end(byKey) {
    if (this.#stroke) {
      this.#stroke = undefined;
      this.#draw();
      this.#emit("stroke", { byKey });
    }
  }

  #at(event) {
    const box = this.#surface.getBoundingClientRect();
    return [inside((event.clientX - box.left) / box.width), inside((event.clientY - box.top) / box.height)];
  }

  #draw() {
    this.#ink.setAttribute("d", asPath(this.#strokes));
    const [x, y] = this.#cursor;
    this.#cursorMark.setAttribute("transform", `translate(${x * 100} ${y * 100})`);
    this.#surface.classList.toggle("pen-down", this.isDrawing);
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** On the pad, and no more digits than matter: the drawing travels as JSON. */
function inside(share) {
  return Math.round(Math.min(1, Math.max(0, share)) * 1000) / 1000;
}

/**
 * The page, put together: a stroke is read by Python as soon as the pen is lifted, and when the pen rests the
 * drawing goes to the board, which every open page follows.
 */
import { AnswerView } from "./answer.js";
import { publish, recognise, Trouble } from "./services.js";
import { follow } from "./feed.js";
import { Pad } from "./pad.js";
import { asGrid } from "./strokes.js";

/** A pen lifted this long is done. Enough to begin a 4's second stroke; style.css fills the button meanwhile. */
const REST_MS = 1400;

const byId = (id) => document.getElementById(id);
const pad = new Pad({ surface: byId("pad"), ink: byId("ink"), cursor: byId("cursor") });
const view = new AnswerView({
  root: byId("answer"),
  digit: byId("digit"),
  sure: byId("sure"),
  bars: byId("bars"),
  seen: byId("seen"),
});
const post = byId("post");
post.style.setProperty("--rest", `${REST_MS}ms`);

/** The answer to what is on the pad now, and the pixels it was asked about; undefined until it is there. */
let answer;
let asked;
/** Ends the question that is under way, if one is. */
let asking = new AbortController();
/** Runs while the pen rests. */
let resting;
/** What is on the pad has gone to the board; the next stroke begins a new drawing. */
let posted = false;

follow({ list: byId("board"), template: byId("entry"), empty: byId("empty"), link: byId("link") });
update();

pad.addEventListener("start", () => {
  stopResting();
  if (posted) {
    pad.clear();
  }
});
pad.addEventListener("stroke", ({ detail }) => read({ thenRest: !detail.byKey }));
pad.addEventListener("change", () => read({ thenRest: false }));
pad.addEventListener("full", () => complain(new Trouble("That is all the ink one drawing gets.", false)));
pad.addEventListener("enter", putOnBoard);
byId("undo").addEventListener("click", () => pad.undo());
byId("clear").addEventListener("click", () => pad.clear());
byId("by-itself").addEventListener("change", stopResting);
post.addEventListener("click", putOnBoard);

/** Asks Python about what is on the pad. */
async function read({ thenRest }) {
  asking.abort();
  stopResting();
  calm();
  answer = undefined;
  posted = false;
  const pixels = pad.isEmpty ? undefined : asGrid(pad.strokes);
  if (!pixels) {
    view.clear(pad.isEmpty ? "Nothing drawn yet" : "Only a dot so far");
    update();
    return;
  }
  view.waiting();
  update();
  asking = new AbortController();
  const { signal } = asking;
  try {
    const reading = await recognise(pixels, signal);
    if (signal.aborted) {
      return;
    }
    [answer, asked] = [reading, pixels];
    view.show(answer);
    if (thenRest && byId("by-itself").checked && !pad.isDrawing) {
      rest();
    }
  } catch (error) {
    if (signal.aborted) {
      return;
    }
    view.clear("No answer");
    complain(error, () => read({ thenRest: false }));
  }
  update();
}

/** Gives what is on the pad to everyone. What it shows, the board asks Python itself. */
async function putOnBoard() {
  stopResting();
  if (!answer || posted || pad.isDrawing) {
    return;
  }
  await deliver({ strokes: pad.strokes, pixels: asked }, answer);
}

/** Sends a drawing and, if that fails, offers to send the same one again, whatever the pad shows by then. */
async function deliver(drawing, itsAnswer) {
  const isOnPad = () => answer === itsAnswer;
  calm();
  posted ||= isOnPad();
  update();
  try {
    await publish(drawing);
  } catch (error) {
    posted &&= !isOnPad();
    complain(error, () => deliver(drawing, itsAnswer));
    update();
  }
}

function rest() {
  post.classList.add("resting");
  resting = setTimeout(putOnBoard, REST_MS);
}

function stopResting() {
  clearTimeout(resting);
  post.classList.remove("resting");
}

function complain(error, retry) {
  if (!(error instanceof Trouble)) {
    throw error;
  }
  byId("trouble").hidden = false;
  byId("trouble-text").textContent = error.message;
  byId("retry").hidden = !(retry && error.canRetry);
  byId("retry").onclick = retry;
}

function calm() {
  byId("trouble").hidden = true;
}

function update() {
  byId("undo").disabled = pad.isEmpty || posted;
  byId("clear").disabled = pad.isEmpty;
  post.disabled = !answer || posted;
  post.firstElementChild.textContent = posted ? "On the board" : "Put on the board";
  byId("pad").classList.toggle("posted", posted);
}

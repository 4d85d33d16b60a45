// Forms of the page: what to say in rooms, and whom to notify.

import { element, showProblem } from "../ui/dom.js";
import { counted, resultsText } from "./words.js";

/** @import { Api } from "./api.js" */
/** @import { Results } from "./results.js" */

/** @typedef {HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement} Control */

let made = 0;

/**
 * A control with its label, a hint, and a place for what is wrong with it.
 *
 * @template {Control} Made
 * @param {string} label
 * @param {Made} control
 * @param {string} [hint]
 */
export function labelled(label, control, hint) {
  const id = `field-${++made}`;
  control.id = id;
  if (hint !== undefined) control.setAttribute("aria-describedby", `${id}-hint`);
  const problem = element("p", { class: "wrong", role: "alert", hidden: "" });
  return {
    control,
    box: element(
      "div",
      { class: "field" },
      element("label", { for: id }, label),
      control,
      hint === undefined ? undefined : element("p", { class: "hint", id: `${id}-hint` }, hint),
      problem,
    ),
    /** Answers whether nothing is wrong. @param {string} text */
    judge(text) {
      showProblem(problem, text, control);
      if (text !== "") control.focus();
      return text === "";
    },
  };
}

const PLAIN = { autocomplete: "off", autocapitalize: "none", spellcheck: "false", dir: "auto" };

/** Names with commas, blanks or ends of lines between them, each once. @param {string} text */
export const namesIn = (text) => [...new Set(text.split(/[\s,]+/u).filter((name) => name !== ""))];

/**
 * @param {string} title
 * @param {string} action
 * @param {readonly HTMLElement[]} fields
 * @param {() => Promise<void>} onSubmit
 */
export function createForm(title, action, fields, onSubmit) {
  const submit = element("button", { class: "primary small", type: "submit" }, action);
  const form = element("form", { class: "act", novalidate: "" }, fields, submit);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (submit.disabled) return;
    submit.disabled = true;
    await onSubmit();
    submit.disabled = false;
  });
  return element("section", { class: "sheet", "aria-label": title }, element("h2", {}, title), form);
}

/**
 * The `id` of an act that is not known to be done: submitted again unchanged, it is not done twice. Not by
 * `randomUUID`, which a page at http has not.
 */
function createRepeat() {
  let [before, id] = ["", ""];
  return {
    /** @param {unknown} content */
    idFor(content) {
      const text = JSON.stringify(content);
      if (text !== before)
        id = [...crypto.getRandomValues(new Uint32Array(4))].map((n) => n.toString(36)).join("");
      before = text;
      return id;
    },
    done() {
      before = "";
    },
  };
}

/** @param {Api} api @param {Results} results @param {string} [only] the one room to which it goes */
export function createBroadcast(api, results, only) {
  const rooms = labelled(
    "Rooms",
    element("input", PLAIN),
    "With commas or spaces between them, at most 100.",
  );
  const event = labelled("Event", element("input", { ...PLAIN, dir: "ltr" }));
  const text = labelled(
    "Text",
    element("textarea", { rows: 3, dir: "auto" }),
    'It is sent as {"text": …}. For another event than chat you can write JSON, which is sent as it stands.',
  );
  event.control.value = "chat";
  const repeat = createRepeat();

  async function onSubmit() {
    const to = only === undefined ? namesIn(rooms.control.value) : [only];
    const said = text.control.value.trim();
    const name = event.control.value.trim();
    const isWhole =
      rooms.judge(to.length === 0 ? "Enter the name of a room." : "") &&
      event.judge(name === "" ? "Enter the name of an event." : "") &&
      text.judge(said === "" ? "Enter a text." : "");
    if (!isWhole) return;
    const body = { rooms: to, event: name, data: dataOf(name, said) };
    const call = api.broadcast({ ...body, id: repeat.idFor(body) });
    let isDone = false;
    await results.attempt(call, ({ results: each }) => {
      const failed = each.filter(({ error }) => error !== undefined).length;
      isDone = failed === 0;
      return resultsText(
        each.map(({ room, error }) => ({ name: room, error })),
        `Sent to ${counted(each.length - failed, "room")}.`,
      );
    });
    if (isDone) {
      repeat.done();
      text.control.value = "";
    }
  }

  return only === undefined
    ? createForm("Broadcast", "Send to rooms", [rooms.box, event.box, text.box], onSubmit)
    : createForm("Send to this room", "Send", [event.box, text.box], onSubmit);
}

/** @param {string} event @param {string} text @returns {unknown} */
export function dataOf(event, text) {
  if (event !== "chat" && /^[[{]/.test(text))
    try {
      return JSON.parse(text);
    } catch {
      // A text that begins with a bracket.
    }
  return { text };
}

/** @param {Api} api @param {Results} results @param {string} [only] the one user for whom it is */
export function createNotify(api, results, only) {
  const users = labelled(
    "Users",
    element("input", PLAIN),
    "Ids, with commas or spaces between them, at most 1,000.",
  );
  const title = labelled("Title", element("input", { dir: "auto", maxlength: 200, autocomplete: "off" }));
  const message = labelled("Message", element("textarea", { rows: 3, dir: "auto", maxlength: 4_000 }));
  const priority = labelled(
    "Priority",
    element(
      "select",
      {},
      ["low", "medium", "high", "urgent"].map((value) => element("option", { value }, value)),
    ),
    "What is urgent is pushed in quiet hours too.",
  );
  priority.control.value = "medium";
  const repeat = createRepeat();

  async function onSubmit() {
    const to = only === undefined ? namesIn(users.control.value) : [only];
    const content = { title: title.control.value.trim(), message: message.control.value.trim() };
    const isWhole =
      users.judge(to.length === 0 ? "Enter the id of a user." : "") &&
      title.judge(content.title === "" ? "Enter a title." : "") &&
      message.judge(content.message === "" ? "Enter a message." : "");
    if (!isWhole) return;
    const body = { users: to, ...content, priority: priority.control.value };
    const call = api.notify({ ...body, id: repeat.idFor(body) });
    let isDone = false;
    await results.attempt(call, ({ results: each }) => {
      const failed = each.filter(({ error }) => error !== undefined).length;
      isDone = failed === 0;
      const heard = each.filter(({ delivered = 0 }) => delivered > 0).length;
      return resultsText(
        each.map(({ user, error }) => ({ name: user, error })),
        `Stored for ${counted(each.length - failed, "user")}; ${counted(heard, "user")} heard it at once.`,
      );
    });
    if (isDone) {
      repeat.done();
      title.control.value = "";
      message.control.value = "";
    }
  }

  const fields = [title.box, message.box, priority.box];
  return only === undefined
    ? createForm("Notify", "Notify users", [users.box, ...fields], onSubmit)
    : createForm("Notify this user", "Notify", fields, onSubmit);
}

// Says how each act went, at the lower edge of the page, until the next act or until it is dismissed.

import { button, element, setText } from "../ui/dom.js";
import { refusalText } from "./words.js";

/** @typedef {ReturnType<typeof createResults>} Results */

/** @param {HTMLElement} region a live region */
export function createResults(region) {
  const text = element("p", { dir: "auto" });
  const box = element("div", { class: "result", hidden: "" }, text);
  const dismiss = button("×", () => clear(), "dismiss");
  dismiss.setAttribute("aria-label", "Dismiss");
  box.append(dismiss);
  region.append(box);

  function clear() {
    box.hidden = true;
    setText(text, "");
  }

  /** @param {string} said @param {"done" | "failed"} [look] */
  function say(said, look = "done") {
    box.classList.toggle("failed", look === "failed");
    box.hidden = false;
    setText(text, said);
  }

  return {
    say,
    clear,
    /**
     * Says how it went, and answers whether it is done.
     *
     * @template Answer
     * @param {Promise<Answer>} done
     * @param {(answer: Answer) => string} textOf
     */
    async attempt(done, textOf) {
      clear();
      try {
        say(textOf(await done));
        return true;
      } catch (error) {
        say(refusalText(error), "failed");
        return false;
      }
    },
  };
}

import { ask, field } from "../ui/dialogs.js";
import { localInput } from "../ui/format.js";

/**
 * Asks for a time in the future. Resolves with milliseconds since 1970, or `undefined`.
 *
 * @param {string} title
 * @param {number} proposed
 * @param {string} action
 * @param {readonly HTMLElement[]} [fields] that come before it
 * @param {() => boolean} [fieldsFit]
 */
export async function askWhen(title, proposed, action, fields = [], fieldsFit = () => true) {
  const when = field("When", {
    type: "datetime-local",
    value: localInput(proposed),
    min: localInput(Date.now()),
  });
  let at = Number.NaN;
  const agreed = await ask({
    ...{ title, text: "Until then only you see it.", action },
    fields: [...fields, when.box],
    isValid() {
      at = new Date(when.input.value).getTime();
      const isValid = at > Date.now();
      when.complain(isValid ? "" : "Choose a time in the future");
      return fieldsFit() && isValid;
    },
  });
  return agreed ? at : undefined;
}

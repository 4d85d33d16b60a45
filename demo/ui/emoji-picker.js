import { element } from "./dom.js";
import { moveWithArrows } from "./keyboard.js";
import { openPopup } from "./popup.js";

const COLUMNS = 6;
const EMOJIS = {
  "👍": "Thumbs up",
  "❤️": "Heart",
  "😂": "Tears of joy",
  "🎉": "Party",
  "😮": "Surprised",
  "😢": "Sad",
  "🙏": "Thank you",
  "👀": "Eyes",
  "🔥": "Fire",
  "✅": "Done",
  "👏": "Applause",
  "💯": "Hundred points",
  "🚀": "Rocket",
  "🤔": "Thinking",
  "😍": "Heart eyes",
  "😅": "Relieved",
  "🙌": "Raised hands",
  "👎": "Thumbs down",
  "💡": "Idea",
  "⭐": "Star",
  "☕": "Coffee",
  "🐛": "Bug",
  "👋": "Wave",
  "❌": "Cross",
};

/**
 * Answers whether it opened: the same click may have just closed it.
 *
 * @param {HTMLElement} anchor
 * @param {(emoji: string) => void} onPick
 * @param {{ onClose?(): void, label?: string }} [options]
 */
export function pickEmoji(anchor, onPick, { onClose, label = "Pick a reaction" } = {}) {
  const picker = element("div", { class: "picker", role: "dialog", "aria-label": label });
  for (const [emoji, name] of Object.entries(EMOJIS)) {
    const choice = element("button", { type: "button", "aria-label": name, title: name }, emoji);
    choice.addEventListener("click", () => {
      close?.();
      onPick(emoji);
    });
    picker.append(choice);
  }
  const close = openPopup(anchor, picker, onClose);
  if (close === undefined) return false;
  moveWithArrows(picker, { columns: COLUMNS }).focusAt(0);
  return true;
}

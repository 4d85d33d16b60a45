import type { Page } from "playwright-core";

const OUTLINES = {
  ".composer": "borderTopColor",
  ".join-other > div": "borderTopColor",
  ".chip, .chip-add": "borderTopColor",
  ".switch input:not(:checked)": "backgroundColor",
  ".settings input[type=time]": "borderTopColor",
} as const;

/** Outlines that have less than 3:1 to what is around them, and texts that have less than 4.5:1 to what is behind. */
export const lowContrast = (page: Page): Promise<string[]> =>
  page.evaluate((outlines) => {
    const drawing = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
    if (drawing === null) throw new Error("There is no canvas.");
    interface Layer {
      readonly color: string;
      readonly opacity: number;
    }
    const layer = (color: string, opacity = 1): Layer => ({ color, opacity });
    /** The colors above one another, each possibly transparent. */
    const luminance = (layers: readonly Layer[]) => {
      drawing.clearRect(0, 0, 1, 1);
      for (const { color, opacity } of layers) {
        drawing.globalAlpha = opacity;
        drawing.fillStyle = color;
        drawing.fillRect(0, 0, 1, 1);
      }
      const [red = 0, green = 0, blue = 0] = Array.from(drawing.getImageData(0, 0, 1, 1).data, (byte) => {
        const part = byte / 255;
        return part <= 0.040_45 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const opacityOf = (element: Element | null): number =>
      element === null ? 1 : Number(getComputedStyle(element).opacity) * opacityOf(element.parentElement);
    const behind = (element: Element | null): Layer[] =>
      element === null
        ? []
        : [
            ...behind(element.parentElement),
            layer(getComputedStyle(element).backgroundColor, opacityOf(element)),
          ];
    const contrast = (around: readonly Layer[], above: Layer) => {
      const pair = [luminance(around), luminance([...around, above])];
      return (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
    };
    const lowOutlines = Object.entries(outlines).flatMap(([selector, property]) =>
      [...document.querySelectorAll(selector)].flatMap((element) => {
        const found = contrast(behind(element.parentElement), layer(getComputedStyle(element)[property]));
        return found < 3 ? [`${selector}: ${found}`] : [];
      }),
    );
    const hasText = (element: Element) =>
      [...element.childNodes].some((node) => node instanceof Text && node.data.trim() !== "");
    const lowTexts = [...document.body.querySelectorAll("*")].flatMap((element) => {
      // Emoji have colors of their own, and a control that is off may be faint.
      const isShown = element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
      if (!hasText(element) || !isShown || element.closest(":disabled, .emoji, .picker, option")) return [];
      const found = contrast(behind(element), layer(getComputedStyle(element).color, opacityOf(element)));
      return found < 4.5
        ? [`${element.className || element.tagName} “${element.textContent}”: ${found}`]
        : [];
    });
    return [...lowOutlines, ...lowTexts];
  }, OUTLINES);

import { MAX_EMOJI_LENGTH } from "../protocol/index.ts";

/** As far as the engine's Unicode knows them: fully qualified, so that one emoji is one text. */
const ONE_EMOJI = /^\p{RGI_Emoji}$/v;

export const isEmoji = (text: string): boolean => text.length <= MAX_EMOJI_LENGTH && ONE_EMOJI.test(text);

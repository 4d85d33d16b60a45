// What a room and a hub send each other. A hub keeps nothing that has to survive it: the room knows what it has not heard
// of, and a relay what it has sent up.

import type {
  AddressedDispatch,
  Dispatch,
  DispatchAnswer,
  StoredRelay,
  Upload,
  UploadAnswer,
} from "./relay-calls.ts";

/** A dispatch whose texts are places in `texts` of the call. */
interface PackedDispatch extends Omit<Dispatch, "texts"> {
  readonly texts: readonly number[];
}

/** What a room has for relays of one hub. Events that go to all of them are the same object, and so are sent once. */
export interface HubCall {
  /** Of the room's object. */
  readonly life: string;
  /** The life of the hub's object that has what was sent before; `null`: nothing is awaited of any. */
  readonly hub: string | null;
  /** Rises by one with each call of this life of the room to this hub. */
  readonly number: number;
  readonly texts: readonly string[];
  readonly dispatches: readonly (StoredRelay & { readonly dispatch: PackedDispatch })[];
}

/** What became of a relay's dispatches up to a number; `null`: they did not reach it. */
export interface RelayResult {
  readonly relay: number;
  readonly upTo: number;
  readonly answer: DispatchAnswer | null;
}

/**
 * `taken`: with what has come back from relays, of this call and of those before. `other life`: nothing of it was taken,
 * and what was sent before may be lost.
 */
export type HubAnswer =
  | { readonly kind: "taken"; readonly life: string; readonly results: readonly RelayResult[] }
  | { readonly kind: "other life"; readonly life: string };

/** What may be called on the object of a hub. */
export interface HubCalls {
  /** What its room has for relays. */
  passDown(call: HubCall): Promise<HubAnswer>;
  /** What a relay has for its room. */
  passUp(upload: Upload): Promise<UploadAnswer>;
}

/** Puts each text in a call once: joiners at many relays are sent the same pages. */
export function packed(dispatches: readonly AddressedDispatch[]): Pick<HubCall, "texts" | "dispatches"> {
  const places = new Map<string, number>();
  const placeOf = (text: string): number => {
    const place = places.get(text) ?? places.size;
    places.set(text, place);
    return place;
  };
  const inside = dispatches.map(({ number, region, dispatch }) => ({
    ...{ number, region },
    dispatch: { ...dispatch, texts: dispatch.texts.map(placeOf) },
  }));
  return { texts: [...places.keys()], dispatches: inside };
}

/** As the room made them. */
export const unpacked = ({ texts, dispatches }: HubCall): AddressedDispatch[] =>
  dispatches.map(({ number, region, dispatch }) => ({
    ...{ number, region },
    dispatch: { ...dispatch, texts: dispatch.texts.map((place) => texts[place] ?? "") },
  }));

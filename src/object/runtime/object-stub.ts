// How objects are called. A stub is broken after an exception, so each call makes a new one.

/** Where an object is created. A hint counts on first use only; a jurisdiction is part of an object's identity. */
export interface Placement {
  readonly locationHint?: DurableObjectLocationHint;
  readonly jurisdiction?: DurableObjectJurisdiction;
}

export function objectStub<T extends Rpc.DurableObjectBranded>(
  namespace: DurableObjectNamespace<T>,
  name: string,
  { locationHint, jurisdiction }: Placement,
): DurableObjectStub<T> {
  const placed = jurisdiction === undefined ? namespace : namespace.jurisdiction(jurisdiction);
  return placed.getByName(name, locationHint === undefined ? {} : { locationHint });
}

/** Near to who is in a region; "": where an object is first called. */
export const placedIn = (placement: Placement, region: string): Placement =>
  isHint(region) ? { ...placement, locationHint: region } : placement;

const isHint = (region: string): region is DurableObjectLocationHint => region !== "";

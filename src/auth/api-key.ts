import type { ApiKey } from "../config/api-keys.ts";

/** The key that `candidate` is, if any; all are compared, in a time that does not tell how much of it was right. */
export async function findApiKey(keys: readonly ApiKey[], candidate: string): Promise<ApiKey | undefined> {
  const given = await digest(candidate);
  const equal = await Promise.all(
    keys.map(async ({ key }) => crypto.subtle.timingSafeEqual(await digest(key), given)),
  );
  return keys.find((_, at) => equal[at]);
}

const digest = (text: string): Promise<ArrayBuffer> =>
  crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));

import type { ApiKey } from "../config/api-keys.ts";

/** The API key that equals `candidate`, if any. All are compared, each in constant time. */
export async function findApiKey(keys: readonly ApiKey[], candidate: string): Promise<ApiKey | undefined> {
  const given = await digest(candidate);
  const equal = await Promise.all(
    keys.map(async ({ key }) => crypto.subtle.timingSafeEqual(await digest(key), given)),
  );
  return keys.find((_, at) => equal[at]);
}

const digest = (text: string): Promise<ArrayBuffer> =>
  crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));

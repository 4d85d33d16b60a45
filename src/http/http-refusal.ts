import { credentialOf } from "../auth/credentials.ts";
import { refusalResponse } from "../object/runtime/upgrade-response.ts";
import { ERRORS, type Refusal } from "../protocol/index.ts";

/** The answer to a refused request. A 401 says how to authenticate, and of a token that was sent what is wrong with it. */
export function httpRefusal(request: Request, refusal: Refusal): Response {
  const response = refusalResponse(refusal);
  if (ERRORS[refusal.code].http !== 401) return response;
  const sent = credentialOf(request, { inQuery: true }).kind !== "none";
  response.headers.set("WWW-Authenticate", sent ? challenge(refusal.message) : "Bearer");
  return response;
}

/** RFC 6750: a description is printable ASCII without `"` and `\\`. */
const challenge = (description: string): string =>
  `Bearer error="invalid_token", error_description="${description.replace(/[^ !#-[\]-~]/g, "?")}"`;

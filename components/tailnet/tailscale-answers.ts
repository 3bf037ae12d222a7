import type { ApiAnswer } from "../http/patient-http.ts";
import { apiMessage, parseJson, ServiceError } from "../http/service-error.ts";

/** The JSON value of an answer; throws ServiceError when it is none. */
export function parsed<T>(text: string): T {
  return parseJson("Tailscale's API", text);
}

/** Why the API refused a call that needs `scope`, in words for people. */
export function refusal(
  what: string,
  { status, text }: ApiAnswer,
  scope: string,
  tailnet: string,
): Error {
  const said = `${what}: ${status}, ${apiMessage(text)}`;
  switch (status) {
    case 401:
    case 403:
      return new ServiceError(
        "unauthorized",
        { status },
        `${said}. The OAuth client of homelab:tailnet.oauth lacks the scope ${scope}, or was revoked; docs/tailnet.md ` +
          "lists the scopes",
      );
    case 404:
      return new ServiceError(
        "missing",
        { status },
        `${said}. Is homelab:tailnet.tailnet right? It is "${tailnet}"; "-" means the OAuth client's own`,
      );
    default:
      return new ServiceError("refused", { status }, said);
  }
}

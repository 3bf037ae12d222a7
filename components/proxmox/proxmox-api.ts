import { PatientHttp, type ApiAnswer, type Clock, type Patience } from "../http/patient-http.ts";
import { apiMessage, isCertificateError, parseJson, ServiceError } from "../http/service-error.ts";
import { trustSystemAuthorities } from "../http/trust.ts";

/** How Proxmox VE is reached. */
export interface ProxmoxAccess {
  readonly endpoint: string;
  /** USER@REALM!NAME=SECRET */
  readonly token: string;
}

/**
 * Reads from Proxmox VE's API (https://pve.proxmox.com/pve-docs/api-viewer/): `path` below /api2/json, such as
 * `cluster/resources`; gives the answer's `data`. Rejects with a ServiceError.
 */
export type ProxmoxApi = <T>(path: string) => Promise<T>;

/** The API with a token. What fails for a moment is asked again, within `patience`. */
export function proxmoxApi(
  { endpoint, token }: ProxmoxAccess,
  patience?: Patience,
  clock?: Clock,
): ProxmoxApi {
  const http = new PatientHttp(patience, clock);
  const get = async (path: string): Promise<ApiAnswer> =>
    http.call("Proxmox", {
      method: "GET",
      url: new URL(`/api2/json/${path}`, endpoint).href,
      headers: { authorization: `PVEAPIToken=${token}`, accept: "application/json" },
    });
  return async <T>(path: string): Promise<T> => {
    const { status, text } = await get(path).catch((error: unknown) => {
      const unknown = error instanceof ServiceError && isCertificateError(error.code);
      if (!unknown) throw error;
      trustSystemAuthorities();
      return get(path);
    });
    if (status < 300) return parseJson<{ data: T }>("Proxmox", text).data;
    const kind = status === 401 ? "unauthorized" : "refused";
    throw new ServiceError(kind, { status }, `${status} ${reason(text)}`);
  };
}

/** What a refusal says: of a parameter where one is at fault, `{"errors": {"vmid": "VM 123 already exists"}}`. */
function reason(text: string): string {
  const { errors } = safely(text);
  return errors === undefined ? apiMessage(text).trim() : Object.values(errors).join("; ").trim();
}

function safely(text: string): { readonly errors?: Readonly<Record<string, string>> } {
  return text.startsWith("{") ? parseJson("Proxmox", text) : {};
}

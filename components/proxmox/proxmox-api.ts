import { PatientHttp, type ApiAnswer, type ApiCall, type Patience } from "../http/patient-http.ts";
import { apiMessage, isCertificateError, parseJson, ServiceError } from "../http/service-error.ts";
import { trustSystemAuthorities } from "../http/trust.ts";

/** How Proxmox VE is reached. */
export interface ProxmoxAccess {
  readonly endpoint: string;
  /** USER@REALM!NAME=SECRET */
  readonly token: string;
}

/**
 * Asks Proxmox VE's API (https://pve.proxmox.com/pve-docs/api-viewer/): `path` below /api2/json, such as
 * `cluster/resources`; with a form it is sent by POST. Gives the answer's `data`. Rejects with a ServiceError.
 */
export type ProxmoxApi = <T>(path: string, form?: Readonly<Record<string, string>>) => Promise<T>;

/** How a call gets there: `PatientHttp`'s. */
export type Carry = (what: string, call: ApiCall) => Promise<ApiAnswer>;

/** The API with a token. What fails for a moment is asked again, within `patience`. */
export function proxmoxApi(access: ProxmoxAccess, patience?: Patience): ProxmoxApi {
  const http = new PatientHttp(patience);
  return apiOver(access, (what, call) => http.call(what, call));
}

/** The API with a token, over any connection. */
export function apiOver({ endpoint, token }: ProxmoxAccess, carry: Carry): ProxmoxApi {
  return async <T>(path: string, form?: Readonly<Record<string, string>>): Promise<T> => {
    const call: ApiCall = {
      method: form === undefined ? "GET" : "POST",
      url: new URL(`/api2/json/${path}`, endpoint).href,
      headers: {
        authorization: `PVEAPIToken=${token}`,
        accept: "application/json",
        ...(form && { "content-type": "application/x-www-form-urlencoded" }),
      },
      ...(form && { body: new URLSearchParams(form).toString() }),
    };
    const { status, text } = await carry("Proxmox", call).catch((error: unknown) => {
      const unknown = error instanceof ServiceError && isCertificateError(error.code);
      if (!unknown) throw error;
      trustSystemAuthorities();
      return carry("Proxmox", call);
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

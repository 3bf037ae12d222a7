import { PatientHttp, type ApiAnswer, type ApiCall, type Clock } from "../http/patient-http.ts";
import { ServiceError } from "../http/service-error.ts";
import { parsed, refusal } from "./tailscale-answers.ts";
import type {
  FailedTest,
  PolicyInForce,
  RoutedDevice,
  TailnetDevice,
  TailnetKeyInfo,
  TailnetService,
  TailscaleAccess,
} from "./tailscale-types.ts";

/** Address of the API that this environment asks for. */
export function apiBaseUrl(): string {
  return process.env["TAILSCALE_BASE_URL"] ?? "https://api.tailscale.com";
}

const hujson = "application/hujson";

/** The answer with a token: RFC 6749 section 5.1. */
interface Token {
  readonly token: string;
  /** What its client may do, where the answer tells it. */
  readonly scope?: string;
}

/**
 * Tailscale's API (https://tailscale.com/api) for the calls that the provider does not make. All methods reject with
 * ServiceError.
 */
export class TailscaleApi {
  readonly #access: TailscaleAccess;
  readonly #http: PatientHttp;
  readonly #base: string;
  #token: Promise<Token> | undefined;

  constructor(access: TailscaleAccess, clock?: Clock) {
    this.#access = access;
    this.#http = new PatientHttp({}, clock);
    this.#base = (access.baseUrl ?? apiBaseUrl()).replace(/\/+$/, "");
  }

  /** The policy in force. Scope `policy_file:read`. */
  async policy(): Promise<PolicyInForce> {
    const { text, etag } = await this.call("GET", this.ofTailnet("acl"), "policy_file", {
      accept: hujson,
    });
    return { text, isDefault: etag === "ts-default" };
  }

  /** Runs the tests of a policy without applying it; those that fail. Scope `policy_file:read`. */
  async validatePolicy(policy: string): Promise<readonly FailedTest[]> {
    const { text } = await this.call(
      "POST",
      this.ofTailnet("acl/validate"),
      "policy_file",
      { "content-type": hujson },
      policy,
    );
    const { message = "", data = [] } = parsed<{
      message?: string;
      data?: readonly { user?: string; errors?: readonly string[] | null }[] | null;
    }>(text);
    if (message === "") return [];
    const failed = (data ?? [])
      .map(({ user, errors }) => ({ user: user ?? "?", errors: errors ?? [] }))
      .filter(({ errors }) => errors.length > 0);
    return failed.length > 0 ? failed : [{ user: "policy", errors: [message] }];
  }

  /** Applies a policy; an empty text resets it to the default. Scope `policy_file`. */
  async postPolicy(policy: string): Promise<void> {
    const headers = { "content-type": hujson };
    await this.call("POST", this.ofTailnet("acl"), "policy_file", headers, policy);
  }

  /** All devices. Scope `devices:core:read`. */
  async devices(): Promise<readonly TailnetDevice[]> {
    return (await this.listDevices("devices")).map(device);
  }

  /** All devices with their routes. Scope `devices:core:read`. */
  async routedDevices(): Promise<readonly RoutedDevice[]> {
    return (await this.listDevices("devices?fields=all")).map((raw) => ({
      ...device(raw),
      advertised: raw.advertisedRoutes ?? [],
      enabled: raw.enabledRoutes ?? [],
    }));
  }

  /** Removes a device; one that is gone already is fine. Scope `devices:core`. */
  async deleteDevice(id: string): Promise<void> {
    await this.remove(`device/${encodeURIComponent(id)}`, "devices:core");
  }

  /**
   * Auth keys and OAuth clients. The list may give no more than their ids (tailscale-client-go-v2, keys.go), and then each is
   * asked for; one that is gone meanwhile is left out. Scopes `auth_keys:read` and `oauth_keys:read`.
   */
  async keys(): Promise<readonly TailnetKeyInfo[]> {
    const { text } = await this.call("GET", `${this.ofTailnet("keys")}?all=true`, "auth_keys");
    const { keys = [] } = parsed<{ keys?: readonly Partial<RawKey>[] }>(text);
    const whole = await Promise.all(keys.map((key) => this.whole(key)));
    return whole
      .flat()
      .map(({ id = "", keyType = "auth", description = "", tags, capabilities, created }) => ({
        id,
        keyType,
        description,
        created,
        tags: tags ?? capabilities?.devices?.create?.tags ?? [],
      }));
  }

  private async whole(key: Partial<RawKey>): Promise<readonly Partial<RawKey>[]> {
    const { id = "", keyType, tags, capabilities } = key;
    if ((keyType ?? tags ?? capabilities) !== undefined) return [key];
    try {
      const path = this.ofTailnet(`keys/${encodeURIComponent(id)}`);
      return [parsed<Partial<RawKey>>((await this.call("GET", path, "auth_keys")).text)];
    } catch (error) {
      if (error instanceof ServiceError && error.kind === "missing") return [];
      throw error;
    }
  }

  /** Revokes a key; one that is gone already is fine. Scope `auth_keys` or `oauth_keys`. */
  async deleteKey(id: string): Promise<void> {
    await this.remove(this.ofTailnet(`keys/${encodeURIComponent(id)}`), "auth_keys");
  }

  /**
   * Services of the tailnet; none without the scope `services:read`, which a tailnet that never had one cannot be told from
   * (tailscale/tailscale#19471). The calls are those of tailscale-client-go-v2, vip_services.go.
   */
  async services(): Promise<readonly TailnetService[]> {
    try {
      const { text } = await this.call("GET", this.ofTailnet("vip-services"), "services");
      const { vipServices } = parsed<{ vipServices?: readonly Partial<TailnetService>[] | null }>(
        text,
      );
      return (vipServices ?? []).map(({ name = "", tags }) => ({ name, tags: tags ?? [] }));
    } catch (error) {
      const none =
        error instanceof ServiceError &&
        (error.kind === "unauthorized" || error.kind === "missing");
      if (none) return [];
      throw error;
    }
  }

  /** Removes a Service by its name, `svc:NAME`; one that is gone already is fine. Scope `services`. */
  async deleteService(name: string): Promise<void> {
    await this.remove(this.ofTailnet(`vip-services/${encodeURI(name)}`), "services");
  }

  /** Nameservers of single domains, by domain. Scope `dns:read`. */
  async splitDns(): Promise<Readonly<Record<string, readonly string[]>>> {
    const { text } = await this.call("GET", this.ofTailnet("dns/split-dns"), "dns");
    return parsed(text);
  }

  /** Whether devices may have HTTPS certificates; undefined without the scope `networking_settings:read`. */
  async httpsEnabled(): Promise<boolean | undefined> {
    try {
      const { text } = await this.call("GET", this.ofTailnet("settings"), "networking_settings");
      return parsed<{ httpsEnabled?: boolean | null }>(text).httpsEnabled ?? undefined;
    } catch (error) {
      if (error instanceof ServiceError && error.kind === "unauthorized") return undefined;
      throw error;
    }
  }

  /**
   * Scopes that the OAuth client holds, as the answer with a token tells them; undefined where it does not.
   * @see https://tailscale.com/docs/features/oauth-clients
   */
  async scopes(): Promise<readonly string[] | undefined> {
    return (await this.bearer()).scope?.split(/[\s,]+/).filter((scope) => scope !== "");
  }

  private async listDevices(path: string): Promise<readonly Partial<RawDevice>[]> {
    const { text } = await this.call("GET", this.ofTailnet(path), "devices:core");
    return parsed<{ devices?: readonly Partial<RawDevice>[] }>(text).devices ?? [];
  }

  private ofTailnet(path: string): string {
    return `tailnet/${encodeURIComponent(this.#access.tailnet)}/${path}`;
  }

  private async remove(path: string, scope: string): Promise<void> {
    try {
      await this.call("DELETE", path, scope);
    } catch (error) {
      if (!(error instanceof ServiceError && error.kind === "missing")) throw error;
    }
  }

  private async call(
    method: ApiCall["method"],
    path: string,
    scope: string,
    headers: Readonly<Record<string, string>> = {},
    body?: string,
  ): Promise<ApiAnswer> {
    const what = `Tailscale's API, ${method} ${path}`;
    const url = `${this.#base}/api/v2/${path}`;
    const attempt = async (): Promise<ApiAnswer> => {
      const authorization = `Bearer ${(await this.bearer()).token}`;
      // Every call here sets a state or asks for one.
      const call = { method, url, headers: { ...headers, authorization }, repeatable: true };
      return this.#http.call(what, body === undefined ? call : { ...call, body });
    };
    let answer = await attempt();
    if (answer.status === 401) {
      // A token lasts an hour, a bring-up may take longer.
      this.#token = undefined;
      answer = await attempt();
    }
    if (answer.status < 300) return answer;
    throw refusal(what, answer, scope, this.#access.tailnet);
  }

  /** One token for all calls (RFC 6749 section 4.4); a failed request is made anew by the next call. */
  private bearer(): Promise<Token> {
    this.#token ??= this.requestToken().catch((error: unknown) => {
      this.#token = undefined;
      throw error;
    });
    return this.#token;
  }

  private async requestToken(): Promise<Token> {
    const { clientId, clientSecret } = this.#access;
    const what = "Tailscale's API, OAuth token";
    const answer = await this.#http.call(what, {
      method: "POST",
      url: `${this.#base}/api/v2/oauth/token`,
      headers: {
        authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString("base64")}`,
        "content-type": "application/x-www-form-urlencoded",
      },
      body: "grant_type=client_credentials",
      repeatable: true,
    });
    if (answer.status === 200) {
      const { access_token: token, scope } = parsed<{ access_token?: string; scope?: unknown }>(
        answer.text,
      );
      // Every client has scopes: an answer with none, or with no text, tells nothing of them.
      const told = typeof scope === "string" && scope.trim() !== "";
      if (token !== undefined) return told ? { token, scope } : { token };
    }
    throw new ServiceError(
      "unauthorized",
      { status: answer.status },
      `${what}: the OAuth client of homelab:tailnet.oauth is not accepted (${answer.status}): its id or secret is ` +
        "wrong, or it was revoked; docs/tailnet.md says how to make one",
    );
  }
}

function device({
  id = "",
  nodeId,
  name = "",
  hostname = "",
  tags,
  user = "",
}: Partial<RawDevice>): TailnetDevice {
  return { id: nodeId ?? id, name, hostname, tags: tags ?? [], user };
}

interface RawDevice {
  readonly id: string;
  readonly nodeId: string;
  readonly name: string;
  readonly hostname: string;
  readonly tags: readonly string[];
  readonly user: string;
  readonly advertisedRoutes: readonly string[];
  readonly enabledRoutes: readonly string[];
}

interface RawKey {
  readonly id: string;
  readonly keyType: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly created: string;
  readonly capabilities: {
    readonly devices?: { readonly create?: { readonly tags?: readonly string[] } };
  };
}

/** Tesla's Fleet API, as far as commands ask it themselves (https://developer.tesla.com/docs/fleet-api). */
import { z } from "zod";
import { fleetHost } from "../../stacks/parts/tesla/fleet.ts";
import type { TeslaConfig } from "../../stacks/parts/tesla/schema.ts";

/** Where tokens come from: https://developer.tesla.com/docs/fleet-api/authentication/third-party-tokens */
const tokens = "https://fleet-auth.prd.vn.cloud.tesla.com/oauth2/v3/token";
const authorize = "https://auth.tesla.com/oauth2/v3/authorize";

const patience = 30_000;

const token = z.object({ access_token: z.string() });
const config = z.object({
  response: z.object({ synced: z.boolean().default(false), key_paired: z.boolean().default(true) }),
});
const part = z.string().default("");
const errors = z.object({
  response: z.object({
    fleet_telemetry_errors: z
      .array(z.object({ created_at: part, error_name: part, error: part }))
      .default([]),
  }),
});

/** The application's calls. Each throws with Tesla's own words where it is refused. */
export class FleetApi {
  readonly #tesla: TeslaConfig;
  readonly #secret: string;
  readonly #request: typeof fetch;

  constructor(tesla: TeslaConfig, clientSecret: string, request: typeof fetch = fetch) {
    this.#tesla = tesla;
    this.#secret = clientSecret;
    this.#request = request;
  }

  get #base(): string {
    return `https://${fleetHost(this.#tesla.client.region)}`;
  }

  /** Where Tesla sends the owner back to after the login: a page that there is not, whose address holds the code. */
  get #redirect(): string {
    return `https://${this.#tesla.key.hostname}/callback`;
  }

  /** Makes the domain known in the account's region; Tesla fetches the public key meanwhile. */
  async register(): Promise<void> {
    const token = await this.#token({
      grant_type: "client_credentials",
      scope: "openid vehicle_device_data",
    });
    const { hostname: domain } = this.#tesla.key;
    await this.#call("POST", "/api/1/partner_accounts", token, { domain });
  }

  /** Address at which the vehicles' owner logs in, and lets the application tell them what to stream. */
  loginUrl(state: string): string {
    const located = Object.keys(this.#tesla.signals).some((name) =>
      /Locat|Gps|Route|Destination/.test(name),
    );
    const query = new URLSearchParams({
      response_type: "code",
      client_id: this.#tesla.client.id,
      redirect_uri: this.#redirect,
      scope: `openid vehicle_device_data${located ? " vehicle_location" : ""}`,
      state,
    });
    return `${authorize}?${query.toString()}`;
  }

  /** The owner's token for the code of a login; it lasts for hours, and nothing of it is kept. */
  exchange(code: string): Promise<string> {
    return this.#token({ grant_type: "authorization_code", code, redirect_uri: this.#redirect });
  }

  /** Whether a vehicle has taken what was pushed, and has the application's key. */
  async configOf(
    vin: string,
    token: string,
  ): Promise<{ readonly synced: boolean; readonly keyPaired: boolean }> {
    const path = `/api/1/vehicles/${vin}/fleet_telemetry_config`;
    const { response } = config.parse(await this.#call("GET", path, token));
    return { synced: response.synced, keyPaired: response.key_paired };
  }

  /** What a vehicle could not do lately, such as reaching the server: a line each. */
  async errorsOf(vin: string, token: string): Promise<readonly string[]> {
    const path = `/api/1/vehicles/${vin}/fleet_telemetry_errors`;
    const { response } = errors.parse(await this.#call("GET", path, token));
    return response.fleet_telemetry_errors.map(({ created_at: at, error_name: name, error }) =>
      [at, name, error].filter((word) => word !== "").join(" "),
    );
  }

  async #token(form: Readonly<Record<string, string>>): Promise<string> {
    const body = new URLSearchParams({
      ...form,
      client_id: this.#tesla.client.id,
      client_secret: this.#secret,
      audience: this.#base,
    });
    const answer = await this.#ask(tokens, { method: "POST", body });
    return token.parse(answer).access_token;
  }

  #call(method: "GET" | "POST", path: string, token: string, body?: object): Promise<unknown> {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    return this.#ask(`${this.#base}${path}`, { method, headers, ...sent });
  }

  async #ask(url: string, init: RequestInit): Promise<unknown> {
    const response = await this.#request(url, { ...init, signal: AbortSignal.timeout(patience) });
    const text = await response.text();
    if (!response.ok)
      throw new Error(`${new URL(url).host} answers ${response.status}: ${text.slice(0, 500)}`);
    return JSON.parse(text);
  }
}

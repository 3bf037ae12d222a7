/** How the tailnet's API is reached. */
export interface TailscaleAccess {
  /** Name of the tailnet; `-` is the OAuth client's own. */
  readonly tailnet: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Without `/api/v2`; TAILSCALE_BASE_URL or https://api.tailscale.com when left out. */
  readonly baseUrl?: string;
}

/** A policy as it is in force. */
export interface PolicyInForce {
  /** HuJSON as Tailscale's server formats it. */
  readonly text: string;
  /** Whether nobody ever changed it; Tailscale then gives the ETag `ts-default`. */
  readonly isDefault: boolean;
}

/** A device of the tailnet, as far as this program looks at it. */
export interface TailnetDevice {
  readonly id: string;
  /** Name in the tailnet, in full. */
  readonly name: string;
  /** Name that the machine gave. */
  readonly hostname: string;
  readonly tags: readonly string[];
  /** Login of its owner; of a tagged device, Tailscale's `tagged-devices`. */
  readonly user: string;
}

/** A device with the networks that it offers and those that may be used. */
export interface RoutedDevice extends TailnetDevice {
  readonly advertised: readonly string[];
  readonly enabled: readonly string[];
}

/** What the tests inside a policy found. */
export interface FailedTest {
  readonly user: string;
  readonly errors: readonly string[];
}

/** An auth key or OAuth client. */
export interface TailnetKeyInfo {
  readonly id: string;
  readonly keyType: string;
  readonly description: string;
  readonly tags: readonly string[];
  /** When it was made, RFC 3339; undefined where the API does not tell. */
  readonly created?: string | undefined;
}

/** A Service of Tailscale's, as far as this program looks at it. */
export interface TailnetService {
  /** `svc:NAME`. */
  readonly name: string;
  readonly tags: readonly string[];
}

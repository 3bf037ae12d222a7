import type { Output } from "@pulumi/pulumi";

/** Something in the cluster that people sign on to. */
export interface SignOnService {
  /** For people, on the provider's page. */
  readonly title: string;
  /** Address that opens it. */
  readonly url: string;
  /** Where the provider sends people back to, in full. */
  readonly redirectUris: readonly string[];
  /** Who may sign on. */
  readonly emails: readonly string[];
  /** Whether it runs on people's own machines, where no secret would be one: it proves that it is the one who asked (PKCE). */
  readonly onPeoplesMachines?: boolean;
}

/** Addresses of a provider for clients that read no discovery document. */
export interface Endpoints {
  /** Where browsers go. */
  readonly authorization: string;
  readonly token: string;
  readonly userInfo: string;
  /** Keys that tokens are signed with. */
  readonly keys: string;
}

/** A provider behind a Service of the cluster, with a certificate of the site's own authority. */
export interface ProviderService {
  readonly name: string;
  readonly namespace: string;
  readonly port: number;
}

/** A provider of OpenID Connect, as what is in the cluster needs to know it. */
export interface Provider {
  /** What people read on a button. */
  readonly title: string;
  /** Its Service, which the endpoints but for the browsers' then lead to; on the internet when left out. */
  readonly service?: ProviderService;
}

/** What a service shows to the provider. */
export interface SignOnClient {
  readonly provider: Provider;
  /** Address below which is `/.well-known/openid-configuration`, as tokens name it. */
  readonly issuer: Output<string>;
  readonly endpoints: Output<Endpoints>;
  readonly clientId: Output<string>;
  /** Secret. */
  readonly clientSecret: Output<string>;
}

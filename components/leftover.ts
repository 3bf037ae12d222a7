/** What objects outside the site are called when people are told of them. */
export type LeftoverKind =
  | "tunnel"
  | "DNS record"
  | "Access application"
  | "Access policy"
  | "Access service token"
  | "tailnet device"
  | "tailnet Service"
  | "tailnet policy"
  | "Tailscale auth key"
  | "Tailscale OAuth client";

/** What an auth key or OAuth client is called, by the type that Tailscale's API gives it. */
export const kindOfKey = (keyType: string): LeftoverKind =>
  keyType === "client" ? "Tailscale OAuth client" : "Tailscale auth key";

/** One object outside that carries a site's name or tags; a destroy should have removed it. */
export interface Leftover {
  readonly kind: LeftoverKind;
  readonly name: string;
  readonly id: string;
  /** When the service made it, RFC 3339; undefined where it does not tell. */
  readonly created?: string | undefined;
}

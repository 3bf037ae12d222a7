/** How the APIs outside the site are reached, from the state: a destroy runs no program and reads no secret anew. */
import {
  accountAt,
  cloudflareUrl,
  type CloudflareAccount,
} from "../../components/edge/cloudflare-api.ts";
import { parameterValues } from "../../components/remote/shell.ts";
import { provider, stringInput, type StackState, type StateResource } from "../state.ts";

/**
 * The account, or undefined when the state holds no login or no edge was configured.
 * @param edge value of `homelab:edge`, JSON
 */
export function cloudflareAccount(
  state: StackState,
  edge: string | undefined,
): CloudflareAccount | undefined {
  const known = provider(state, "cloudflare");
  const token = (known && stringInput(known, "apiToken")) ?? process.env["CLOUDFLARE_API_TOKEN"];
  if (edge === undefined || token === undefined) return undefined;
  const place = JSON.parse(edge) as { accountId: string; zoneId: string };
  return accountAt(place, token, cloudflareUrl(known && stringInput(known, "baseUrl")));
}

/** What the state remembers of the tailnet: how to reach it, whose devices, and its policy. */
export interface TailnetMemory {
  readonly access: {
    readonly tailnet: string;
    readonly clientId: string;
    readonly clientSecret: string;
    readonly baseUrl?: string;
  };
  /** Only of the policy's owner. */
  readonly policy?: {
    /** Empty for Tailscale's default. */
    readonly before: string;
    readonly written: string;
    /** What is left of it without this site. */
    readonly without: string;
    /** Tags of the other sites that live by it. */
    readonly otherTags: readonly string[];
  };
}

/** The step that a destroy runs on a machine to leave the tailnet, if the state has one. */
export function departureStep(state: StackState): StateResource | undefined {
  return state.resources.find(
    ({ urn, type }) => type === "command:remote:Command" && urn.endsWith("-departure-command"),
  );
}

/** The tailnet as the departure step or else the provider knows it; undefined when the state holds neither. */
export function tailnetMemory(state: StackState): TailnetMemory | undefined {
  const step = departureStep(state);
  const values = parameterValues((step && stringInput(step, "stdin")) ?? "");
  const known = provider(state, "tailscale");
  const input = (name: string): string | undefined => known && stringInput(known, name);
  const clientId = values["CLIENT_ID"] ?? input("oauthClientId");
  const clientSecret = values["CLIENT_SECRET"] ?? input("oauthClientSecret");
  if (clientId === undefined || clientSecret === undefined) return undefined;
  const baseUrl = values["API"]?.replace(/\/api\/v2$/, "") ?? input("baseUrl");
  const tailnet = values["TAILNET"] ?? input("tailnet") ?? "-";
  return {
    access: { tailnet, clientId, clientSecret, ...(baseUrl === undefined ? {} : { baseUrl }) },
    ...(values["OWNS_POLICY"] === "yes"
      ? {
          policy: {
            before: values["POLICY_BEFORE"] ?? "",
            written: values["POLICY_WRITTEN"] ?? "",
            without: values["POLICY_WITHOUT"] ?? "",
            otherTags: (values["OTHER_TAGS"] ?? "").split(" ").filter((tag) => tag !== ""),
          },
        }
      : {}),
  };
}

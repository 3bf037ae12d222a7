import type { Input, Output, Resource } from "@pulumi/pulumi";
import type { ReachedMachine } from "../machine.ts";
import { RemoteStep } from "../remote/remote-step.ts";
import { scriptText, stepScript } from "../remote/shell.ts";
import type { AccessPlan } from "./access-rules.ts";
import { cloudflareUrl } from "./cloudflare-api.ts";

/** What the step runs on a machine. */
export const endSessionsScript = stepScript + scriptText(import.meta.url, "end-sessions.sh");

/** A public name with Access in front. */
export interface GuardedName {
  readonly hostname: string;
  /** Of its Access application. */
  readonly application: Output<string>;
  /** Names of its policies. */
  readonly policies: readonly string[];
}

export interface SessionsArgs {
  readonly accountId: string;
  /** Secret. */
  readonly apiToken: Input<string>;
  /** Access policies by name: sessions at a name end when its own change, and when it has others. */
  readonly access: Readonly<Record<string, AccessPlan>>;
  /** A machine that asks the API. */
  readonly machine: ReachedMachine;
  /** What must be in force before, such as the policies. */
  readonly after: readonly Resource[];
}

/**
 * Ends the sessions at a public name whenever who may pass there has changed; each name has a step of its own, for what ends
 * them ends them for everybody. By itself Access asks nobody again before a session
 * is over, and a person who was taken out would pass until then.
 * @see https://developers.cloudflare.com/cloudflare-one/access-controls/access-settings/session-management/
 */
export function endSessions(
  { hostname, application, policies }: GuardedName,
  { accountId, apiToken, access, machine, after }: SessionsArgs,
  parent: Resource,
): void {
  new RemoteStep(
    `${hostname}-sessions`,
    {
      machine,
      title: "access-sessions",
      script: endSessionsScript,
      parameters: {
        API: cloudflareUrl(),
        ACCOUNT: accountId,
        TOKEN: apiToken,
        APPLICATION: application,
        HOST: hostname,
        // Not read: other people end the sessions that there are.
        PEOPLE: JSON.stringify(policies.map((policy) => [policy, access[policy]])),
      },
      limitSeconds: 600,
      after,
    },
    { parent },
  );
}

/** What a recipe of an application that keeps data says. */
import type { z } from "zod";
import type { Problem } from "../../../components/problem.ts";
import type { Owner } from "../../../components/storage/claim.ts";
import type { Exceptions } from "../../../components/workload/exceptions.ts";
import type { ContainerPlan, PodPort, Probe } from "../../../components/workload/stateful/plan.ts";
import type { egress as egressSchema } from "../../parts/policies/schema.ts";
import type { Trap } from "../application.ts";
import type { Audience } from "../expose-schema.ts";
import type { Exposure } from "../schema.ts";
import type { SiteView } from "../site-view.ts";

/** A volume of an application. */
export interface VolumeRecipe {
  readonly name: string;
  /** Where its container has it. */
  readonly folder: string;
  /** What it is made with unless the site says otherwise. */
  readonly sizeGiB: number;
  /** Whether it is worth a copy elsewhere: not what can be made or had again. */
  readonly backup: boolean;
  /** Whether pods of several nodes use it at once, which takes a class of the kind `file`. */
  readonly shared?: boolean;
}

/** What a recipe's functions know of a site: nothing that is secret, and all that its file says. */
export interface Around<Extra extends z.ZodRawShape> {
  /** Key of the application in the config. */
  readonly name: string;
  readonly config: StatefulConfig & z.infer<z.ZodObject<Extra>>;
  readonly site: SiteView;
}

/** A container beside the application's own. */
export interface SideRecipe extends Omit<ContainerPlan, "settings" | "devices" | "mounts"> {
  /** Environment by secret reference. */
  readonly secrets?: Readonly<Record<string, string>>;
}

/** What makes an application that keeps data: one file in this folder, and a line in the index. */
export interface StatefulRecipe<Extra extends z.ZodRawShape> {
  /** What it is called as a type, such as `HomeAssistant`; part of its resources' URNs. */
  readonly title: string;
  /** What it is, in a line for people. */
  readonly about: string;
  /** Image without its tag, unless the site names another. */
  readonly image: string;
  /** Port that it listens on; its Service has the same. */
  readonly port: number;
  readonly probe: Probe;
  /** How long it may take to start, in seconds; five minutes when left out. */
  readonly startSeconds?: number;
  /** How long it may take to leave, in seconds; one minute when left out. */
  readonly leaveSeconds?: number;
  /** User and group that it runs as. */
  readonly user: Owner;
  /** What its container does beyond the restricted profile. */
  readonly exceptions?: Exceptions;
  readonly volumes: readonly VolumeRecipe[];
  /** A volume that it shares with others, in whose namespace it is then: one of `homelab:libraries`. */
  readonly library?: {
    readonly name: string;
    readonly folder: string;
    readonly readOnly?: boolean;
  };
  /** Folders that live as long as its pod. */
  readonly scratch?: readonly {
    readonly name: string;
    readonly folder: string;
    readonly limit: string;
  }[];
  /** The most that /tmp may come to; `1Gi` when left out. */
  readonly tmp?: string;
  readonly cpu: string;
  readonly memory: { readonly request: string; readonly limit: string };
  readonly environment?: (around: Around<Extra>) => Readonly<Record<string, string>>;
  /** Variables of its logins by the kind of store, and what of the login each holds, where a login names none. */
  readonly logins?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** What it may reach by itself; the site's `egress` adds to it. */
  readonly egress?:
    z.input<typeof egressSchema> | ((around: Around<Extra>) => z.input<typeof egressSchema>);
  /** Ports that are reached past the gateways, where the site gives it an address. */
  readonly outside?: readonly PodPort[];
  /** Further keys of its config. */
  readonly extra?: Extra;
  readonly beside?: (around: Around<Extra>) => readonly SideRecipe[];
  /** Files that a volume gets before the first start, where it does not have them: people go on with them. */
  readonly seed?: {
    readonly volume: string;
    /** Folder of the volume, if not its first. */
    readonly folder?: string;
    readonly files: (around: Around<Extra>) => Readonly<Record<string, string>>;
  };
  /**
   * What is done to a volume before each start of its pod, by a script of `sh` in the application's own image: its arguments are
   * the volume's folder and what `args` gives.
   */
  readonly prepare?: {
    readonly volume: string;
    readonly script: string;
    readonly args: (around: Around<Extra>) => readonly string[];
  };
  /** Files of a folder that stay the program's. */
  readonly files?: {
    readonly folder: string;
    readonly content: (around: Around<Extra>) => Readonly<Record<string, string>>;
  };
  /** Why it runs on its node's own network, if it does. */
  readonly onHost?: (around: Around<Extra>) => string | undefined;
  readonly nameservers?: readonly string[];
  /** What is to be known of steps from one version to another: each run that takes one says it. */
  readonly traps?: readonly Trap[];
  /** Whom its names may be for; anybody when left out. */
  readonly audiences?: readonly Audience[];
  readonly checks?: (around: Around<Extra>, path: string) => readonly Problem[];
  readonly notices?: (around: Around<Extra>, path: string) => readonly string[];
}

/** What the config of such an application has, besides keys of its own. */
export interface StatefulConfig extends Exposure {
  readonly image: string;
  readonly version: string;
  readonly pull?: { readonly username: string; readonly password: string } | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, string>>;
  readonly volumes: Readonly<
    Record<string, { readonly sizeGiB: number; readonly class?: string | undefined }>
  >;
  readonly memory: string;
  readonly address?: string | undefined;
}

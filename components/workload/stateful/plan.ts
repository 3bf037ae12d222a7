/** What an application that keeps data runs, as its component is told. All plain: names and numbers shape the graph. */
import type { Owner } from "../../storage/claim.ts";
import type { Exceptions } from "../exceptions.ts";

/** How Kubernetes sees that a container works: a path that answers with 200 or a redirect, or a port that takes connections. */
export type Probe = { readonly path: string } | "tcp" | { readonly command: readonly string[] };

/** A volume of the pod in a folder of a container. */
export interface Mount {
  /** Name of the volume: of a claim, or of a scratch folder. */
  readonly volume: string;
  readonly folder: string;
  readonly readOnly?: boolean;
}

/** A port of the pod. */
export interface PodPort {
  readonly name: string;
  readonly port: number;
  readonly protocol?: "TCP" | "UDP";
}

/** A container of the pod. */
export interface ContainerPlan {
  readonly name: string;
  /** Image with its tag. */
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  /** Environment that anybody may see. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Secrets whose values are its environment too. */
  readonly settings?: readonly string[];
  /** The first is the one that is probed. */
  readonly ports?: readonly PodPort[];
  readonly probe: Probe;
  /** How long it may take to start, in seconds; five minutes when left out. */
  readonly startSeconds?: number;
  readonly mounts?: readonly Mount[];
  /** Processor time that a node must have left, as Kubernetes writes it. */
  readonly cpu: string;
  /** Memory that a node must have left, and the most that it gets. */
  readonly memory: { readonly request: string; readonly limit: string };
  /** Devices of machines that it gets, by name. */
  readonly devices?: readonly string[];
  readonly exceptions?: Exceptions;
}

/** A folder that lives as long as the pod. */
export interface Scratch {
  readonly name: string;
  /** The most that it may come to, as Kubernetes writes it. */
  readonly limit: string;
}

/** An application of one pod. */
export interface StatefulPlan {
  /** Name of its objects and of its container. */
  readonly app: string;
  readonly namespace: string;
  /** User and group that its containers run as, and to which the files of its volumes belong. */
  readonly user: Owner;
  readonly container: Omit<ContainerPlan, "name">;
  /** Containers that start before it, are ready before it, and end after it. */
  readonly beside?: readonly ContainerPlan[];
  /** Names of claims. */
  readonly claims: readonly string[];
  readonly scratch?: readonly Scratch[];
  /** The most that /tmp may come to, as Kubernetes writes it; `1Gi` when left out. A pod that goes beyond is evicted. */
  readonly tmp?: string;
  /** ConfigMap with files that a folder gets before the first start, where they are not there; people change them. */
  readonly seed?: {
    readonly from: string;
    readonly volume: string;
    /** Folder of the volume, if not its first. */
    readonly folder?: string | undefined;
  };
  /** What is done to a volume before each start of the pod: a script of `sh` and what follows the volume's folder as its arguments. */
  readonly prepare?: {
    readonly volume: string;
    readonly script: string;
    readonly args: readonly string[];
  };
  /** ConfigMap with files of a folder that stay the program's; `mark` changes with them. */
  readonly files?: { readonly from: string; readonly folder: string; readonly mark: string };
  /** Secrets whose values are files of folders. */
  readonly mounted?: readonly { readonly name: string; readonly folder: string }[];
  /** Why it runs on its node's own network, past all policies for pods. */
  readonly onHost?: string;
  /** DNS servers in the place of the cluster's. */
  readonly nameservers?: readonly string[];
  /** How long it may take to leave, in seconds; 60 when left out. */
  readonly leaveSeconds?: number;
}

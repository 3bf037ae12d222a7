import { CustomResource } from "@pulumi/kubernetes/apiextensions/customResource.js";
import { Secret } from "@pulumi/kubernetes/core/v1/secret.js";
import {
  ComponentResource,
  secret,
  type ComponentResourceOptions,
  type Output,
  type Resource,
} from "@pulumi/pulumi";
import type { Populator } from "../storage/claim.ts";
import type { StoreKey } from "../workload/login.ts";
import { repositorySecret } from "./names.ts";
import { replicationDestination, repositorySettings } from "./objects.ts";
import type { SavedPlan, SavingPlan } from "./plan.ts";

export interface RepositoryArgs {
  readonly saved: SavedPlan;
  readonly saving: SavingPlan;
  readonly key: StoreKey;
  /** Opens the repository; whoever loses it loses every backup. */
  readonly password: Output<string>;
}

/** Where a claim is saved, and of one that the program makes what it begins with. The cluster's provider is `opts.providers`'. */
export class Repository extends ComponentResource {
  /** The Secret by which movers find it. */
  readonly ready: Resource;
  /**
   * Fills the claim with its last backup, or leaves it empty where it has none; undefined of a claim that others make. It is
   * made when it has restored, and the repository is there.
   */
  readonly filler: { readonly object: Populator; readonly made: Resource } | undefined;

  constructor(name: string, args: RepositoryArgs, opts?: ComponentResourceOptions) {
    super("homelab:backup:Repository", name, {}, opts);
    this.ready = this.access(name, args);
    this.filler = this.destination(name, args);
    this.registerOutputs({});
  }

  private access(name: string, { saved, saving, key, password }: RepositoryArgs): Resource {
    const { namespace, claim } = saved;
    return new Secret(
      `${name}-repository`,
      {
        metadata: { namespace, name: repositorySecret(claim) },
        stringData: {
          ...repositorySettings(saving.target, saved),
          RESTIC_PASSWORD: secret(password),
          AWS_ACCESS_KEY_ID: secret(key.accessKey),
          AWS_SECRET_ACCESS_KEY: secret(key.secretKey),
        },
      },
      { parent: this },
    );
  }

  private destination(name: string, { saved, saving }: RepositoryArgs): Repository["filler"] {
    const { made } = saved;
    if (made === undefined) return undefined;
    const object = replicationDestination({ ...saved, made }, saving);
    const { metadata, spec } = object;
    // Its mover and a backup's would both make a repository that is not there (mover-restic/entry.sh, ensure_initialized), and the
    // key of one does not open the config of the other (restic, internal/repository/repository.go, Init).
    const whole = {
      "pulumi.com/waitFor": `jsonpath={.status.lastManualSync}=${spec.trigger.manual}`,
    };
    return {
      object,
      made: new CustomResource(
        `${name}-destination`,
        { ...object, metadata: { ...metadata, annotations: whole } },
        {
          parent: this,
          dependsOn: [this.ready],
          // A library comes back at the pace of the line to its store.
          customTimeouts: { create: "24h", update: "24h" },
        },
      ),
    };
  }
}

/** Takes resources out of a state, so that a destroy does not ask for what can no longer answer. */
import type { Deployment } from "@pulumi/pulumi/automation/index.js";
import type { StateResource } from "../state.ts";

/** A resource of a deployment (schema version 3) with the fields that refer to others by URN. */
interface Referring {
  readonly urn: string;
  readonly type?: string;
  readonly parent?: string;
  readonly dependencies?: readonly string[];
  readonly propertyDependencies?: Readonly<Record<string, readonly string[] | null>>;
  readonly deletedWith?: string;
  readonly [field: string]: unknown;
}

/**
 * The same deployment without these resources, their children and operations on them. What referred to them no longer
 * does: the engine takes no state that names a resource it lacks.
 */
export function withoutResources(deployment: Deployment, urns: Iterable<string>): Deployment {
  const gone = new Set(urns);
  return without(deployment, ({ urn }) => gone.has(urn));
}

/**
 * The same of every resource that `isGone` holds for. Of two with one URN, an old one whose deletion failed and the new
 * one in its place, the other stays.
 */
export function without(
  deployment: Deployment,
  isGone: (resource: StateResource) => boolean,
): Deployment {
  const body = deployment.deployment as {
    resources?: readonly Referring[];
    pending_operations?: readonly { readonly resource: Referring }[];
    [field: string]: unknown;
  };
  const left = new Set<string>();
  const kept: Referring[] = [];
  const gone = new Set<string>();
  // Parents come before their children.
  for (const resource of body.resources ?? []) {
    if (isGone(resource as StateResource) || gone.has(resource.parent ?? "")) {
      if (!left.has(resource.urn)) gone.add(resource.urn);
    } else {
      kept.push(resource);
      left.add(resource.urn);
      gone.delete(resource.urn);
    }
  }
  const pending = body.pending_operations?.filter(
    ({ resource }) => !gone.has(resource.urn) && !isGone(resource as StateResource),
  );
  return {
    ...deployment,
    deployment: {
      ...body,
      resources: kept.map((resource) => forgetting(resource, gone)),
      ...(pending === undefined ? {} : { pending_operations: pending }),
    },
  };
}

/**
 * The same deployment in which a resource goes with another, so that the engine does not run its deletion. It stays
 * until its turn has come: a destroy that breaks off before leaves it, with what it knows, for the next.
 */
export function goingWith(deployment: Deployment, urn: string, deletedWith: string): Deployment {
  const body = deployment.deployment as { resources?: readonly Referring[] };
  const resources = (body.resources ?? []).map((resource) =>
    resource.urn === urn ? { ...resource, deletedWith } : resource,
  );
  return { ...deployment, deployment: { ...body, resources } };
}

function forgetting(resource: Referring, gone: ReadonlySet<string>): Referring {
  const stays = (urn: string): boolean => !gone.has(urn);
  const { dependencies, propertyDependencies, deletedWith, ...rest } = resource;
  return {
    ...rest,
    ...(dependencies === undefined ? {} : { dependencies: dependencies.filter(stays) }),
    ...(propertyDependencies === undefined
      ? {}
      : {
          propertyDependencies: Object.fromEntries(
            Object.entries(propertyDependencies).map(([name, list]) => [
              name,
              list === null ? null : list.filter(stays),
            ]),
          ),
        }),
    ...(deletedWith === undefined || gone.has(deletedWith) ? {} : { deletedWith }),
  };
}

/** What the state has of the cluster. */
import { stringInput, type StackState, type StateResource } from "../state.ts";
import { idOf, objectOf } from "./object.ts";
import { identify, release } from "./release.ts";

/** Ids that the provider may give it: of a kind that the inputs name without a namespace it may take the default one. */
function idsOf(resource: StateResource): readonly string[] {
  if (resource.type === release) {
    if (stringInput(resource, "name") === undefined) return [];
    const { name, namespace } = identify(resource);
    return [`${namespace}/${name}`];
  }
  const object = objectOf(resource);
  if (object === undefined) return [];
  return object.namespace === undefined
    ? [object.name, idOf({ ...object, namespace: "default" })]
    : [idOf(object)];
}

/** A type token without the API's version, under each of which an object is the same. */
const kindOf = (type: string): string => type.replace(/\/[^/:]+:/, ":");

/** Whether the state has what a resource stands for in the cluster, by whatever URN: then nothing of it was lost. */
export function isKnown(
  resource: StateResource,
  { resources }: Pick<StackState, "resources">,
): boolean {
  const ids = idsOf(resource);
  return resources.some(
    ({ type, id = "", pendingReplacement }) =>
      pendingReplacement !== true && kindOf(type) === kindOf(resource.type) && ids.includes(id),
  );
}

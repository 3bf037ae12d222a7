/**
 * Registers resources against mocks as the project's components do, and prints `{"resources":N,"seconds":S}`:
 *
 *   registration.ts COUNT
 *
 * A group is a component with nine children; each child takes an output of the one before it, and each group waits for one
 * ready leaf of the group before it.
 */
import "../../stacks/lean-sdk.ts";
import { ComponentResource, CustomResource, type Input, type Output } from "@pulumi/pulumi";
import type { ComponentResourceOptions, CustomResourceOptions, Resource } from "@pulumi/pulumi";
import { record } from "../recorder.ts";

class Part extends CustomResource {
  declare readonly value: Output<string>;

  constructor(name: string, args: { value: Input<string> }, opts: CustomResourceOptions) {
    super("bench:index:Part", name, { ...args, size: 3, tags: ["a", "b"] }, opts);
  }
}

class Group extends ComponentResource {
  /** The last part: ready when all are. */
  readonly ready: Part;

  constructor(name: string, args: { after?: Resource }, opts?: ComponentResourceOptions) {
    super("bench:index:Group", name, {}, opts);
    const dependsOn = args.after === undefined ? [] : [args.after];
    let last = new Part(`${name}-0`, { value: name }, { parent: this, dependsOn });
    for (let index = 1; index < groupSize - 1; index += 1) {
      last = new Part(`${name}-${index}`, { value: last.value }, { parent: this });
    }
    this.ready = last;
    this.registerOutputs({ ready: last.value });
  }
}

const groupSize = 10;
const count = Number(process.argv[2]);
if (!Number.isInteger(count) || count < groupSize)
  throw new Error(`usage: registration.ts COUNT, at least ${groupSize}`);

const recording = await record("bench");
const begun = performance.now();
let after: Resource | undefined;
for (let group = 0; group < count / groupSize; group += 1) {
  after = new Group(`group-${group}`, after === undefined ? {} : { after }).ready;
}
const { resources } = await recording.settled();
const seconds = (performance.now() - begun) / 1000;
if (resources.length !== count)
  throw new Error(`${resources.length} of ${count} resources were registered`);
process.stdout.write(`${JSON.stringify({ resources: count, seconds })}\n`);

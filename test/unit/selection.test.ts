import assert from "node:assert/strict";
import { chooseSuites, selectFiles } from "../selection.ts";

const suites = ["unit", "go", "lab"];

describe("the words after npm test", () => {
  it("are all suites when there are none", () => {
    assert.deepEqual(
      [...chooseSuites([], suites)],
      [
        ["unit", []],
        ["go", []],
        ["lab", []],
      ],
    );
  });

  it("are suites, each with the words behind it", () => {
    const args = ["lab", "faults", "killed", "unit", "doctor", "lab", "drift"];
    assert.deepEqual(
      [...chooseSuites(args, suites)],
      [
        ["lab", ["faults", "killed", "drift"]],
        ["unit", ["doctor"]],
      ],
    );
  });

  it("are refused when they begin with no suite", () => {
    assert.throws(() => chooseSuites(["doctor"], suites), /called doctor; there are unit, go, lab/);
  });
});

describe("files of a suite", () => {
  const files = ["test/lab/01-from-nothing.test.ts", "test/lab/09-faults.test.ts"];

  it("are all without words, else those with one of them in their names, in order", () => {
    assert.deepEqual(selectFiles(files, []), files);
    assert.deepEqual(selectFiles(files, ["fault"]), [files[1]]);
    assert.deepEqual(selectFiles(files, ["faults", "nothing"]), files);
  });

  it("are listed when a word is in none of their names", () => {
    const said =
      /no file has fautls in its name; there are\n +test\/lab\/01-from-nothing.*\n +.*09-/;
    assert.throws(() => selectFiles(files, ["nothing", "fautls"]), said);
  });
});

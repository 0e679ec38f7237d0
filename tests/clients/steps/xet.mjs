// One large file up and two down, with Xet or without.
import assert from "node:assert/strict";
import fs from "node:fs";
import * as hub from "@huggingface/hub";

const { HUB_URL: hubUrl, HF_TOKEN: accessToken, REPO: name, WORK: work, USE_XET } = process.env;
const useXet = USE_XET === "true";
const how = { hubUrl, accessToken, repo: { type: "model", name } };

await hub.uploadFile({
  ...how,
  file: { path: "up.bin", content: new Blob([fs.readFileSync(`${work}/up.bin`)]) },
  useXet,
  useWebWorkers: false,
});
const info = await hub.fileDownloadInfo({ ...how, path: "up.bin" });
assert.ok(info.xet, "the hub says how to get the file by Xet");
for (const [path, into] of [["up.bin", "ours.bin"], ["theirs.bin", "theirs.bin"]]) {
  const blob = await hub.downloadFile({ ...how, path, xet: useXet });
  fs.writeFileSync(`${work}/${into}`, new Uint8Array(await blob.arrayBuffer()));
  const middle = await (await hub.downloadFile({ ...how, path, xet: useXet })).slice(1_000_000, 2_000_000).arrayBuffer();
  assert.deepEqual(Buffer.from(middle), fs.readFileSync(`${work}/${into}`).subarray(1_000_000, 2_000_000));
}
console.log("xet done");

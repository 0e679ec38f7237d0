// Files of one repository: UP goes up by Xet, each of DOWN comes down into TO.
import fs from "node:fs";
import * as hub from "@huggingface/hub";

const { HUB_URL: hubUrl, HF_TOKEN: accessToken, REPO: name, UP, DOWN = "", TO } = process.env;
const how = { hubUrl, accessToken, repo: { type: "model", name } };

if (UP) {
  const file = { path: UP.split("/").at(-1), content: new Blob([fs.readFileSync(UP)]) };
  await hub.uploadFile({ ...how, file, useXet: true, useWebWorkers: false });
}
for (const path of DOWN.split(" ").filter(Boolean)) {
  const blob = await hub.downloadFile({ ...how, path, xet: true });
  fs.writeFileSync(`${TO}/${path}`, new Uint8Array(await blob.arrayBuffer()));
}

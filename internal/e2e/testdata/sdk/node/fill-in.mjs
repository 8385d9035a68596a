// Fills in the form of the request for a token in an imported collection, as its user does.
import { readFileSync, writeFileSync } from "node:fs";

const [file, issuer] = process.argv.slice(2);
const collection = JSON.parse(readFileSync(file, "utf8"));
const baseUrl = collection.variable.find(({ key }) => key === "baseUrl").value;
if (baseUrl !== issuer) {
  throw new Error(`the base URL is ${baseUrl}, not ${issuer}`);
}
const form = { grant_type: "password", username: "user", password: "user-dev-password" };
const [folder] = collection.item;
const [request] = folder.item;
request.request.body.urlencoded = Object.entries(form).map(([key, value]) => ({ key, value }));
writeFileSync(file, JSON.stringify(collection));
console.log(folder.name, request.name);

// The switch `snapStart`, refused where the bundle's runtime has none: CloudFormation would say so in the midst of a deployment.
const WITHOUT = ["python3.11"];

module.exports = async ({ resolveVariable }) => {
  const isOn = String(await resolveVariable("param:snapStart")) === "true";
  const { runtime } = await resolveVariable("file(build/lambda.json)");
  if (isOn && WITHOUT.includes(runtime)) {
    const refusal = new Error(`snapStart=true needs a bundle for Python 3.12 or newer, and this one is for ${runtime}: make build PYTHON_VERSION=3.12`);
    refusal.stack = refusal.message; // what the packager prints
    throw refusal;
  }
  return isOn;
};

// Made again after an hour: the first build's until then.
export const revalidate = 3600;

export default function Timed() {
  return <p>made once</p>;
}

import { Suspense } from 'react';
import { connection } from 'next/server';

async function Late() {
  await connection();
  await new Promise((resolve) => setTimeout(resolve, 200));
  return <p>came late</p>;
}

export default function Slow() {
  return (
    <main>
      <p>came at once</p>
      <Suspense fallback={<p>waiting</p>}>
        <Late />
      </Suspense>
    </main>
  );
}

export async function POST(request) {
  const type = request.headers.get('content-type') ?? '';
  if (type.startsWith('multipart/')) {
    const form = await request.formData();
    const file = form.get('file');
    return Response.json({ title: form.get('title'), name: file.name, size: file.size });
  }
  return Response.json({ body: type.includes('json') ? await request.json() : await request.text(), url: new URL(request.url).pathname }, { status: 201 });
}

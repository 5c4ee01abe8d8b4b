//! Workers that are killed, stopped, blocked or broken, and a server that is killed: what must not follow from it.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use diglot_tests::{ASGI, App, Client, NODE, Process, Response, Running, WSGI, load, server};
use rustix::process::Signal;

const PATIENCE: Duration = Duration::from_secs(30);

/// Asks again until it is so.
fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = ask() {
            return found;
        }
        assert!(Instant::now() < deadline, "never: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

fn pid(response: &Response) -> u32 {
    response.field("x-pid").and_then(|pid| pid.parse().ok()).expect("the application names its process")
}

/// Which request a worker has begun, as `begun PID ID` in the log says.
fn begun(line: &str) -> Option<(u64, u32)> {
    let mut words = line.rsplit(' ');
    let (id, pid) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    (words.next() == Some("begun")).then_some((id, pid))
}

/// Sends `/slow` on as many connections, and says which worker has which.
fn in_flight(running: &Running, count: usize) -> Vec<(Client, u32)> {
    let mut clients: Vec<Client> = (0..count).map(|_| running.connect()).collect();
    for (id, client) in clients.iter_mut().enumerate() {
        client.send(format!("GET /slow?ms=3000&id={id} HTTP/1.1\r\nHost: test\r\n\r\n"));
    }
    clients
        .into_iter()
        .enumerate()
        .map(|(id, client)| {
            let line = running.wait_for(|line| line.contains("begun") && line.ends_with(&format!(" {id}")));
            let pid = line.split(' ').rev().nth(1).and_then(|pid| pid.parse().ok()).expect("begun PID ID");
            (client, pid)
        })
        .collect()
}

fn killed(app: App) {
    let running = server().app("/", app).argument("--workers").argument("2").run();
    let requests = in_flight(&running, 12);
    let victim = requests[0].1;
    let of_victim = requests.iter().filter(|(_, pid)| *pid == victim).count();
    assert_eq!(of_victim, 6, "{}: both workers have as many", app.name);
    Process::watch(victim).signal(Signal::KILL);
    for (id, (mut client, pid)) in requests.into_iter().enumerate() {
        let answer = client.response();
        if pid == victim {
            assert_eq!(answer.status, 502, "{}: {answer:?}", app.name);
            assert_eq!(client.get("/echo?id=next").text(), "next", "{}: the connection lives on", app.name);
        } else {
            assert_eq!((answer.status, answer.text()), (200, id.to_string()), "{}", app.name);
        }
    }
    let serving = until("two workers serve", || {
        let pids: HashSet<u32> = (0..8).map(|_| pid(&running.get("/hello"))).collect();
        (pids.len() == 2).then_some(pids)
    });
    assert!(!serving.contains(&victim), "{}", app.name);
    running.wait_for(|line| line.contains("killed by SIGKILL"));
}

#[test]
fn a_killed_node_worker_fails_its_own_requests_only() {
    killed(NODE);
}

#[test]
fn a_killed_asgi_worker_fails_its_own_requests_only() {
    killed(ASGI);
}

#[test]
fn a_killed_wsgi_worker_fails_its_own_requests_only() {
    killed(WSGI);
}

#[test]
fn load_goes_on_when_workers_are_killed_again_and_again() {
    const CLIENTS: usize = 16;
    const KILLS: usize = 5;
    for app in [NODE, ASGI, WSGI] {
        let running = server().app("/", app).argument("--workers").argument("2").run();
        let front = running.process();
        let (descriptors, threads) = (front.descriptors(), front.threads());
        let load = load(running.address(), "/slow?ms=2&id=", CLIENTS);
        load.goes_on(200);
        let mut victims = Vec::new();
        for _ in 0..KILLS {
            let victim = Process::watch(running.workers()[0]);
            victim.signal(Signal::KILL);
            victims.push(victim.pid());
            until("a replacement", || (running.workers().len() == 2).then_some(()));
            load.goes_on(200);
        }
        let outcomes = load.stop();
        until("as many descriptors as before", || (front.descriptors() <= descriptors).then_some(()));
        until("as many threads as before", || (front.threads() <= threads).then_some(()));
        assert_eq!(outcomes.lost, Vec::<String>::new(), "{}", app.name);
        let others = outcomes.statuses.keys().filter(|status| ![200, 502].contains(*status)).count();
        assert_eq!(others, 0, "{}: {outcomes:?}", app.name);
        assert!((1..=KILLS * CLIENTS).contains(&outcomes.refused.len()), "{}: {outcomes:?}", app.name);
        let (_, log) = running.stop();
        let begun: HashMap<u64, u32> = log.iter().filter_map(|line| begun(line)).collect();
        assert!(begun.len() as u64 >= outcomes.of(200), "{}: each application says what it begins", app.name);
        for number in &outcomes.refused {
            // On its link the victim may have had some that it never read.
            let worker = begun.get(number);
            assert!(
                worker.is_none_or(|worker| victims.contains(worker)),
                "{}: request {number} failed, which {worker:?} had, not one of {victims:?}",
                app.name
            );
        }
    }
}

#[test]
fn no_worker_outlives_a_killed_server() {
    let running = server()
        .app("/", NODE)
        .app("/asgi", ASGI)
        .app("/wsgi", WSGI)
        .argument("--workers")
        .argument("2")
        .run();
    let workers: Vec<Process> = running.workers().into_iter().map(Process::watch).collect();
    assert_eq!(workers.len(), 6);
    // Busy ones too: a loop that stands still, and a thread that sleeps.
    let mut busy = [running.connect(), running.connect(), running.connect()];
    for (client, path) in
        busy.iter_mut().zip(["/block?ms=60000", "/asgi/block?ms=60000", "/wsgi/slow?ms=60000&id=x"])
    {
        client.send(format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n"));
    }
    running.wait_for(|line| line.contains("begun"));
    running.signal(Signal::KILL);
    let deadline = Instant::now() + Duration::from_secs(2);
    for worker in &workers {
        let left = deadline.saturating_duration_since(Instant::now());
        assert!(worker.ends_within(left), "worker {} is left", worker.pid());
    }
}

/// A server whose workers are asked for a sign of life often.
fn with_heartbeat(app: App) -> Running {
    let config = format!(
        "[server]\nlisten = [\"127.0.0.1:0\"]\n[server.timeouts]\nheartbeat = \"1s\"\n\
         [services.app]\nentry = \"{}\"\n",
        app.entry
    );
    server().file(app.file, app.text).file("diglot.toml", &config).run()
}

#[test]
fn a_stopped_worker_is_found_and_replaced() {
    for app in [NODE, ASGI, WSGI] {
        let running = with_heartbeat(app);
        let worker = running.worker();
        let requests = in_flight(&running, 4);
        worker.signal(Signal::STOP);
        // This one comes while nobody reads the link.
        let mut unread = running.connect();
        unread.send("GET /echo?id=unread HTTP/1.1\r\nHost: test\r\n\r\n");
        for (mut client, _) in requests {
            assert_eq!(client.response().status, 504, "{}", app.name);
            let answer = client.get("/echo?id=after");
            assert_eq!((answer.status, answer.text().as_str()), (200, "after"), "{}", app.name);
            assert_ne!(pid(&answer), worker.pid(), "{}", app.name);
        }
        assert_eq!(unread.response().status, 504, "{}", app.name);
        assert!(worker.ends_within(PATIENCE), "{}: the stopped worker is left", app.name);
    }
}

#[test]
fn a_blocked_event_loop_is_found_and_replaced() {
    for app in [NODE, ASGI] {
        let running = with_heartbeat(app);
        let worker = running.worker();
        assert_eq!(running.get("/block?ms=20").status, 200, "{}: a short block is none", app.name);
        assert_eq!(running.get("/block?ms=60000").status, 504, "{}", app.name);
        assert_eq!(running.get("/hello").status, 200, "{}", app.name);
        assert!(worker.ends_within(PATIENCE), "{}", app.name);
    }
}

/// A WSGI application may be slow: its threads are not what answers the heartbeat.
#[test]
fn a_slow_wsgi_application_is_not_taken_for_blocked() {
    let running = with_heartbeat(WSGI);
    let worker = running.worker();
    assert_eq!(running.get("/slow?ms=3000&id=slow").text(), "slow");
    assert_eq!(pid(&running.get("/hello")), worker.pid());
}

/// Stream ids are used again and again; what comes for one after its client has left answers nobody.
#[test]
fn a_late_reply_never_answers_another_request() {
    for app in [NODE, ASGI, WSGI] {
        let running = server().app("/", app).run();
        let address = running.address();
        let leaving = thread::spawn(move || {
            for number in 0..300 {
                let mut client = Client::connect(address);
                client.send(format!("GET /slow?ms={}&id=late HTTP/1.1\r\nHost: test\r\n\r\n", number % 10));
            }
        });
        let asking: Vec<_> = (0..4)
            .map(|client| {
                thread::spawn(move || {
                    let mut connection = Client::connect(address);
                    for number in 0..300 {
                        let id = format!("{client}-{number}");
                        let answer = connection.get(&format!("/echo?id={id}"));
                        assert_eq!((answer.status, answer.text()), (200, id), "{}", app.name);
                    }
                })
            })
            .collect();
        leaving.join().expect("the clients that leave can connect");
        for client in asking {
            client.join().expect("every answer is for its own request");
        }
    }
}

#[test]
fn a_crash_loop_closes_its_own_service_only_and_ends_with_its_cause() {
    for (app, pid_of) in [(ASGI, "/app"), (NODE, "/app")] {
        let config = format!(
            "[server]\nlisten = [\"127.0.0.1:0\"]\n\
             [services.sick]\nroot = \"sick\"\nentry = \"{}\"\nroutes = [\"{pid_of}\"]\n\
             [services.well]\nentry = \"{}\"\n",
            app.entry, WSGI.entry
        );
        let running = server()
            .file(&format!("sick/{}", app.file), app.text)
            .file(WSGI.file, WSGI.text)
            .file("diglot.toml", &config)
            .run();
        let well = load(running.address(), "/hello", 2);
        let cause = running.folder().join("sick/broken");
        fs::write(&cause, "").expect("a file");
        assert_eq!(running.get("/app/exit").status, 502, "{}", app.name);
        running.wait_for(|line| line.contains("service \"sick\" is down"));
        let asked = Instant::now();
        let answer = running.get("/app/hello");
        assert_eq!(answer.status, 503, "{}", app.name);
        assert!(
            answer.field("retry-after").is_some_and(|seconds| seconds.parse::<u32>().is_ok()),
            "{answer:?}"
        );
        assert!(asked.elapsed() < Duration::from_secs(1), "{}: it is refused at once", app.name);
        running.wait_for(|line| line.contains("the file is there"));
        well.goes_on(10);

        fs::remove_file(&cause).expect("the file is there");
        until("the service recovers", || (running.get("/app/hello").status == 200).then_some(()));
        let outcomes = well.stop();
        assert_eq!((outcomes.lost, outcomes.statuses.len()), (vec![], 1), "the other service serves on");
    }
}

/// A worker that ends by itself, with code 0 even, is replaced like any other.
#[test]
fn an_application_that_exits_is_started_again() {
    for app in [NODE, ASGI] {
        let running = server().app("/", app).run();
        let before = running.worker();
        assert_eq!(running.get("/exit").status, 502, "{}", app.name);
        assert!(before.ends_within(PATIENCE));
        let answer = running.get("/hello");
        assert_eq!(answer.status, 200, "{}: it waits for the replacement", app.name);
        assert_ne!(pid(&answer), before.pid());
        running.wait_for(|line| line.contains("exit code 7"));
    }
}

/// A response that had begun when its worker died must not look complete.
#[test]
fn a_response_that_is_cut_is_not_taken_for_whole() {
    for app in [NODE, ASGI] {
        for form in ["", "&chunked=1"] {
            let running = server().app("/", app).run();
            let mut client = running.connect();
            client.send(format!("GET /down?bytes=100000000{form} HTTP/1.1\r\nHost: test\r\n\r\n"));
            client.take_until(b"\r\n\r\n").expect("a head");
            client.take(100_000).expect("the beginning");
            running.worker().signal(Signal::KILL);
            let rest = client.rest();
            let whole =
                rest.as_ref().is_ok_and(|rest| rest.ends_with(b"\r\n0\r\n\r\n") || rest.len() > 99_000_000);
            assert!(!whole, "{}{form}: the end of {:?} bytes", app.name, rest.map(|rest| rest.len()));
        }
    }
}

/// A client in the middle of its body is told, and can read what it is told.
#[test]
fn a_worker_that_dies_during_an_upload_is_a_clean_502() {
    for app in [NODE, ASGI, WSGI] {
        let running = server().app("/", app).run();
        let mut client = running.connect();
        client.send("POST /up?id=body HTTP/1.1\r\nHost: test\r\nContent-Length: 100000000\r\n\r\n");
        client.send(vec![b'x'; 1_000_000]);
        running.wait_for(|line| line.ends_with(" body"));
        running.worker().signal(Signal::KILL);
        let answer = client.response();
        assert_eq!((answer.status, answer.field("connection")), (502, Some("close")), "{}", app.name);
        assert_eq!(running.get("/hello").status, 200, "{}", app.name);
    }
}

/// All workers of a service at once: requests that come meanwhile wait for the next.
#[test]
fn requests_wait_for_the_replacement_of_every_worker() {
    for app in [NODE, ASGI, WSGI] {
        let running = server().app("/", app).argument("--workers").argument("2").run();
        let workers: Vec<Process> = running.workers().into_iter().map(Process::watch).collect();
        workers.iter().for_each(|worker| worker.signal(Signal::KILL));
        assert!(workers.iter().all(|worker| worker.ends_within(PATIENCE)));
        until("only replacements answer", || {
            let answer = running.get("/hello");
            // One that was sent to a worker before its end was noticed is that worker's.
            assert!([200, 502].contains(&answer.status), "{}: {answer:?}", app.name);
            (answer.status == 200).then_some(())
        });
    }
}

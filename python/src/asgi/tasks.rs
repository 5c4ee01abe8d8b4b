//! How requests become Tasks, and what becomes of them.

use diglot_link::StreamKey;
use diglot_link::message::{self, Request};
use pyo3::exceptions::{PyKeyboardInterrupt, PySystemExit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};
use rustc_hash::FxHashMap;

use super::conversation::Conversation;
use super::exchange::{Exchange, Traits};
use super::link::AsgiLink;
use super::socket::Socket;
use crate::calls::ServedRequest;
use crate::errors::ClientDisconnected;

/// How requests become Tasks. A handler that never suspends is over when its Task has been made: it costs the loop no
/// callback, and its response leaves with those of its batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StartTasks {
    /// `Task(..., eager_start=True)`, from CPython 3.12 on.
    Eagerly,
    /// A Task asks its loop to `call_soon` its first step; that call is taken and done at once.
    ByCapture,
    /// The application has set a task factory: the loop makes the Task.
    ByFactory,
}

/// The Tasks of an application.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    /// Those that have suspended, by their identity.
    suspended: FxHashMap<usize, (Py<PyAny>, Conversation)>,
    /// The `SystemExit` that ended one last: uvloop may call the Task back before it lets go of the loop for it.
    last_exit: Option<Py<PyAny>>,
    /// A Task's first step and its context, between the Task's making and that step.
    pub(super) captured: Option<(Py<PyAny>, Py<PyAny>)>,
}

impl Tasks {
    pub(super) fn is_empty(&self) -> bool {
        self.suspended.is_empty()
    }

    fn all(&self, py: Python<'_>) -> Vec<Py<PyAny>> {
        self.suspended.values().map(|(task, _)| task.clone_ref(py)).collect()
    }
}

impl AsgiLink {
    /// A request: builds its scope and starts its Task.
    pub(super) fn start(
        slf: &Bound<'_, Self>,
        key: StreamKey,
        request: &Request<'_>,
        end: bool,
    ) -> PyResult<()> {
        let py = slf.py();
        let this = slf.get();
        let link = slf.clone().unbind();
        let flags = request.line.flags;
        let (scope, conversation, object) = if flags & message::REQUEST_WEBSOCKET == 0 {
            let (scope, name) = this.scopes.borrow(py).build(py, request)?;
            let traits = Traits {
                is_head: request.line.method == b"HEAD",
                expects_continue: flags & message::REQUEST_EXPECT_CONTINUE != 0,
                ended: end,
            };
            let body = (!request.body.is_empty()).then(|| PyBytes::new(py, request.body).unbind());
            let exchange = Bound::new(py, Exchange::new(link, key, name, traits, body))?;
            (scope, Conversation::Http(exchange.clone().unbind()), exchange.into_any())
        } else {
            let (scope, name) = this.scopes.borrow(py).build_websocket(py, request)?;
            let socket = Bound::new(py, Socket::new(link, key, name))?;
            (scope, Conversation::WebSocket(socket.clone().unbind()), socket.into_any())
        };
        this.remember(py, conversation.clone_ref(py));
        if let Some(variable) = this.scope_variable.get(py) {
            conversation.set_served(ServedRequest::begin(py, variable, &scope)?);
        }
        let receive = object.getattr(intern!(py, "receive"))?;
        let send = object.getattr(intern!(py, "send"))?;
        let task = this
            .host
            .app
            .bind(py)
            .call1((scope, receive, send))
            .and_then(|coroutine| this.create_task(py, coroutine));
        let task = match task {
            Ok(task) => task,
            Err(error) if ends_the_process(py, &error) => return Err(error),
            Err(error) => return this.app_raised(py, &conversation, error.value(py).as_any()),
        };
        let eager = this.callbacks(py)?.start != StartTasks::ByFactory;
        if eager && task.call_method0(intern!(py, "done"))?.is_truthy()? {
            return this.conclude(py, &task, &conversation);
        }
        let identity = task.as_ptr() as usize;
        this.tasks.borrow(py).suspended.insert(identity, (task.clone().unbind(), conversation));
        let on_done = &this.callbacks(py)?.on_task_done;
        task.call_method1(intern!(py, "add_done_callback"), (on_done,)).map(drop)
    }

    fn create_task<'py>(&self, py: Python<'py>, coroutine: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let callbacks = self.callbacks(py)?;
        let event_loop = self.host.event_loop.bind(py);
        let make = |coroutine| {
            self.host.task_type.bind(py).call((coroutine,), Some(self.host.task_options.bind(py)))
        };
        match callbacks.start {
            StartTasks::ByFactory => event_loop.call_method1(intern!(py, "create_task"), (coroutine,)),
            StartTasks::Eagerly => make(coroutine),
            StartTasks::ByCapture => {
                let call_soon = intern!(py, "call_soon");
                event_loop.setattr(call_soon, &callbacks.capture)?;
                let task = make(coroutine);
                event_loop.delattr(call_soon)?;
                let captured = self.tasks.borrow(py).captured.take();
                if let Some((step, context)) = captured {
                    match context.call_method1(py, intern!(py, "run"), (step,)) {
                        // The Task has it, and is done.
                        Err(error) if error.is_instance_of::<PySystemExit>(py) => {}
                        outcome => drop(outcome?),
                    }
                }
                task
            }
        }
    }

    /// A Task that had suspended is done.
    pub(super) fn task_is_done(&self, task: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = task.py();
        let entry = self.tasks.borrow(py).suspended.remove(&(task.as_ptr() as usize));
        let Some((_, conversation)) = entry else { return Ok(()) };
        // `exception()` of a Task that was cancelled raises.
        if let Ok(exception) = task.call_method0(intern!(py, "exception"))
            && exception.is_instance_of::<PySystemExit>()
        {
            let before = self.tasks.borrow(py).last_exit.replace(exception.unbind());
            drop(before);
        }
        self.conclude(py, task, &conversation)
    }

    /// Cancels the Tasks that have suspended, as `asyncio.run()` does at its end.
    pub(super) fn cancel_tasks(&self, py: Python<'_>) -> PyResult<()> {
        let suspended = self.tasks.borrow(py).all(py);
        for task in suspended {
            task.call_method0(py, intern!(py, "cancel"))?;
        }
        Ok(())
    }

    /// True if a request's Task has just ended with this very exception.
    pub(super) fn is_of_task(&self, py: Python<'_>, error: &Bound<'_, PyAny>) -> PyResult<bool> {
        let mut tasks = self.tasks.borrow(py);
        let answered = tasks.last_exit.take();
        if answered.as_ref().is_some_and(|answered| answered.is(error)) {
            drop(tasks);
            return Ok(true);
        }
        let suspended = tasks.all(py);
        drop(tasks);
        drop(answered);
        for task in suspended {
            let task = task.bind(py);
            let done = task.call_method0(intern!(py, "done"))?.is_truthy()?;
            // `exception()` of a Task that was cancelled raises.
            if done && task.call_method0(intern!(py, "exception")).is_ok_and(|own| own.is(error)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The application has ended.
    fn conclude(&self, py: Python<'_>, task: &Bound<'_, PyAny>, conversation: &Conversation) -> PyResult<()> {
        conversation.answered(py);
        match task.call_method0(intern!(py, "exception")) {
            Ok(exception) if exception.is_none() => {
                conversation.app_returned(py)?;
                self.forget_if_over(py, conversation)?;
                self.check_drained(py)
            }
            Ok(exception) => self.app_raised(py, conversation, &exception),
            // `exception()` of a Task that was cancelled raises.
            Err(error) => self.app_raised(py, conversation, error.value(py).as_any()),
        }
    }

    fn app_raised(
        &self,
        py: Python<'_>,
        conversation: &Conversation,
        exception: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let is_expected = conversation.is_left(py) || self.is_time_over(py);
        let is_quiet = is_expected && is_about_disconnect(exception);
        conversation.app_raised(py, exception, is_quiet)?;
        self.forget_if_over(py, conversation)?;
        self.check_drained(py)
    }
}

/// This ends a program wherever it is raised. `SystemExit` in a handler does not: it fails one request.
pub(super) fn ends_the_process(py: Python<'_>, error: &PyErr) -> bool {
    error.is_instance_of::<PyKeyboardInterrupt>(py)
}

/// True if the exception only says that the client left, or was raised to stop a handler because of it; a group of
/// exceptions if each of them does.
fn is_about_disconnect(exception: &Bound<'_, PyAny>) -> bool {
    let group = exception.getattr(intern!(exception.py(), "exceptions"));
    if let Some(parts) = group.ok().and_then(|parts| parts.cast_into::<PyTuple>().ok()) {
        return !parts.is_empty() && parts.iter().all(|part| is_about_disconnect(&part));
    }
    let name = exception.get_type().name();
    exception.is_instance_of::<ClientDisconnected>()
        || name.is_ok_and(|name| {
            matches!(name.to_str(), Ok("CancelledError" | "ClientDisconnect" | "WebSocketDisconnect"))
        })
}

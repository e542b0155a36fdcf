"""Practice, one question a page, without an account and without JavaScript.

The unguessable address of an attempt is the permission to go on with it. The session only remembers
which attempt is open; losing it loses nothing else. Attempt pages are never stored by browsers, so that
Back after an answer shows the verdict and not the form again.
"""

from uuid import UUID

from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from quizzes import attempts, explaining, publishing
from quizzes.models import Attempt, AttemptQuestion, Part, Question
from quizzes.practice import open_attempt, overview, remember
from relations.models import Topic


@require_http_methods(["GET", "HEAD", "POST"])
def practise(request: HttpRequest) -> HttpResponse:
    """The way into practice; POST starts a set, of one topic where `topic` names one."""
    given = request.POST if request.method == "POST" else request.GET
    slug = given.get("topic", "")
    topic = Topic.objects.filter(slug=slug).first() if slug and slug.isprintable() else None
    if request.method == "POST" and (topic or not slug) and (questions := attempts.practisable_set(topic)):
        return _begin(request, attempts.start(questions, topic=topic))
    there = overview()
    context = {
        "overview": there,
        "available": there.set_of(topic.slug if topic else ""),
        "topic": topic,
        "unknown": slug if slug and not topic else "",
        "open": open_attempt(request),
    }
    return render(request, "quizzes/practise.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def question_detail(request: HttpRequest, ref: str) -> HttpResponse:
    """One question, to try. POST starts an attempt at it alone. What may not be asked says why, and no more."""
    question = get_object_or_404(Question.objects.exclude(status=Question.Status.DRAFT), ref=ref)
    asked = attempts.askable(question)
    if asked is None:
        reasons = publishing.reasons_for_students(question)
        return render(request, "quizzes/question_rechecked.html", {"question": question, "reasons": reasons})
    if request.method == "POST":
        return _begin(request, attempts.start([asked]))
    return render(request, "quizzes/question_detail.html", {"question": asked, "face": asked.face})


def _begin(request: HttpRequest, attempt: Attempt) -> HttpResponse:
    remember(request, attempt)
    return redirect("quizzes:attempt_question", attempt.pk, 1)


@never_cache
@require_safe
def attempt_detail(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    """Go on where the attempt stands: its next question, or its result."""
    attempt = get_object_or_404(Attempt, pk=attempt_id)
    remember(request, attempt)
    entry = attempts.progress(attempt).next_entry
    return redirect(entry or _result_address(attempt_id))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def attempt_question(request: HttpRequest, attempt_id: UUID, position: int) -> HttpResponse:
    """A question, then, at the same address, its verdict."""
    entries = AttemptQuestion.objects.with_responses().select_related("attempt__topic")
    entry = get_object_or_404(entries, attempt=attempt_id, position=position)
    if request.method != "POST":
        return _show(request, entry)
    if request.POST.get("do") == "skip":
        attempts.skip(entry)
        return redirect(_after(entry))
    try:
        attempts.answer(
            entry,
            chosen=request.POST.getlist("answer"),
            guessed="guessed" in request.POST,
            seen=request.POST.get("seen", ""),
        )
    except attempts.NothingChosen:
        return _show(request, entry, error=_("Choose an answer, or skip."))
    except attempts.Reworded:
        return _show(request, entry, error=_("This question has been corrected. Read it again."))
    except attempts.NotCounted:
        return redirect(entry)
    return redirect(f"{entry.get_absolute_url()}#verdict")


def _show(request: HttpRequest, entry: AttemptQuestion, *, error: str = "") -> HttpResponse:
    progress = attempts.progress(entry.attempt)
    question = attempts.askable(entry.question, evidence=entry.given is not None)
    context = {
        "entry": entry,
        "attempt": entry.attempt,
        "count": len(progress.entries),
        "next": progress.next_after(entry),
        "error": error,
    }
    if entry.given:
        context |= {"response": entry.given, "question": entry.question}
        context["explained"] = explaining.explained(question, entry.given)
        return render(request, "quizzes/attempt_verdict.html", context)
    if question is None:
        return render(request, "quizzes/attempt_rechecked.html", context)
    return render(request, "quizzes/attempt_question.html", context | {"face": question.face})


def _after(entry: AttemptQuestion) -> AttemptQuestion | str:
    return attempts.progress(entry.attempt).next_after(entry) or _result_address(entry.attempt_id)


def _result_address(attempt_id: UUID) -> str:
    return f"{Attempt(pk=attempt_id).get_absolute_url()}result/"


@never_cache
@require_safe
def attempt_result(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    """The score, how it adds up, and the one next step."""
    attempt = get_object_or_404(Attempt.objects.select_related("topic"), pk=attempt_id)
    parts = Prefetch("question__parts", Part.objects.select_related("fact__subject"))
    progress = attempts.progress(attempt, with_=[parts, "question__topics"])
    missed = Question.objects.practisable().filter(pk__in=[entry.question_id for entry in progress.missed])
    context = {"attempt": attempt, "progress": progress, "missed": missed.count()}
    return render(request, "quizzes/attempt_result.html", context)


@never_cache
@require_safe
def attempt_facts(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    """The facts behind the missed questions, to read instead."""
    attempt = get_object_or_404(Attempt, pk=attempt_id)
    context = {"attempt": attempt, "facts": attempts.facts_behind(attempt)}
    return render(request, "quizzes/attempt_facts.html", context)


@never_cache
@require_POST
def attempt_again(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    """Start a new attempt at the questions missed in this one."""
    attempt = get_object_or_404(Attempt, pk=attempt_id)
    if new := attempts.again(attempt):
        return _begin(request, new)
    return redirect(_result_address(attempt_id))

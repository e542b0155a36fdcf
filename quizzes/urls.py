from django.urls import path

from quizzes import views

app_name = "quizzes"
urlpatterns = [
    path("practise/", views.practise, name="practise"),
    path("questions/<str:ref>/", views.question_detail, name="question_detail"),
    path("attempts/<uuid:attempt_id>/", views.attempt_detail, name="attempt_detail"),
    path("attempts/<uuid:attempt_id>/<int:position>/", views.attempt_question, name="attempt_question"),
    path("attempts/<uuid:attempt_id>/result/", views.attempt_result, name="attempt_result"),
    path("attempts/<uuid:attempt_id>/facts/", views.attempt_facts, name="attempt_facts"),
    path("attempts/<uuid:attempt_id>/again/", views.attempt_again, name="attempt_again"),
]

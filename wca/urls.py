"""Addresses of the arrangements: register, gap report, what is behind a cell of its matrix."""

from django.urls import path

from .views import (
    arrangements,
    assessments,
    clause_sets,
    clauses,
    documents,
    drafts,
    exposure,
    fragments,
    gaps,
    lifecycle,
    milestones,
    parts,
    plan,
    plan_assign,
    register,
    translations,
)

urlpatterns = [
    path("arrangements/", arrangements.ArrangementList.as_view(), name="arrangements"),
    path("arrangements/clauses/", clause_sets.ClauseSets.as_view(), name="clause-sets"),
    path("arrangements/clauses/<slug:code>/new/", clause_sets.NewVersion.as_view(), name="clause-set-new"),
    path("arrangements/clauses/<slug:code>/<int:version>/", clause_sets.ClauseSetPage.as_view(), name="clause-set"),
    path("arrangements/drafts/", drafts.DraftList.as_view(), name="drafts"),
    path("arrangements/drafts/new/", drafts.DraftNew.as_view(), name="draft-new"),
    path("arrangements/drafts/uncovered/", drafts.DraftUncovered.as_view(), name="draft-uncovered"),
    path("arrangements/drafts/<int:pk>/", drafts.DraftPage.as_view(), name="draft"),
    path("arrangements/drafts/<int:pk>/print/", drafts.DraftPrint.as_view(), name="draft-print"),
    path("arrangements/drafts/<int:pk>/file/<slug:suffix>/", drafts.DraftFile.as_view(), name="draft-file"),
    path("arrangements/drafts/<int:pk>/use/", drafts.DraftUse.as_view(), name="draft-use"),
    path("arrangements/drafts/<int:pk>/compare/", drafts.DraftCompare.as_view(), name="draft-compare"),
    path("arrangements/drafts/<int:pk>/remove/", drafts.DraftRemove.as_view(), name="draft-remove"),
    path(
        "arrangements/drafts/<int:draft>/paragraphs/<int:pk>/", drafts.ParagraphEdit.as_view(), name="draft-paragraph"
    ),
    path(
        "arrangements/drafts/<int:draft>/paragraphs/<int:pk>/remove/",
        drafts.ParagraphRemove.as_view(),
        name="draft-paragraph-remove",
    ),
    path("arrangements/fragments/", fragments.FragmentList.as_view(), name="fragments"),
    path("arrangements/fragments/sign-off/", fragments.SignOff.as_view(), name="fragment-sign-off"),
    path("arrangements/fragments/<slug:code>/", fragments.FragmentPage.as_view(), name="fragment"),
    path("arrangements/fragments/<slug:code>/new/", fragments.FragmentNew.as_view(), name="fragment-new"),
    path("arrangements/gaps/", gaps.GapReport.as_view(), name="gap-report"),
    path("arrangements/gaps/lapse/", gaps.LapseReport.as_view(), name="gap-lapse"),
    path("arrangements/gaps/annex/", gaps.Annex.as_view(), name="gap-annex"),
    path("arrangements/exposure/", exposure.Exposure.as_view(), name="exposure"),
    path("arrangements/plan/", plan.PlanList.as_view(), name="plan"),
    path("arrangements/plan/assign/", plan_assign.Assign.as_view(), name="plan-assign"),
    path("arrangements/plan/milestones/", milestones.Milestones.as_view(), name="plan-milestones"),
    path("arrangements/plan/milestones/<int:pk>/", milestones.MilestoneDone.as_view(), name="milestone-done"),
    path("arrangements/plan/<int:pk>/", plan.ActionPage.as_view(), name="plan-action"),
    path("arrangements/plan/<int:pk>/edit/", plan.Revise.as_view(), name="plan-action-edit"),
    path("arrangements/plan/<int:pk>/done/", plan.Done.as_view(), name="plan-action-done"),
    path("arrangements/plan/<int:pk>/verify/", plan.Verify.as_view(), name="plan-action-verify"),
    path("arrangements/plan/<int:pk>/return/", plan.Return.as_view(), name="plan-action-return"),
    path("arrangements/plan/<int:pk>/accept/", plan.Accept.as_view(), name="plan-action-accept"),
    path("arrangements/plan/<int:pk>/reopen/", plan.EndAcceptance.as_view(), name="plan-action-reopen"),
    path("arrangements/translations/", translations.Translations.as_view(), name="translations"),
    path("arrangements/new/", register.NewArrangement.as_view(), name="arrangement-new"),
    path("arrangements/<str:reference>/", arrangements.ArrangementPage.as_view(), name="arrangement"),
    path("arrangements/<str:reference>/clauses/<str:letter>/", clauses.ClausePage.as_view(), name="arrangement-clause"),
    path("arrangements/<str:reference>/edit/", register.EditArrangement.as_view(), name="arrangement-edit"),
    path("arrangements/<str:reference>/supersession/", register.Supersede.as_view(), name="arrangement-supersede"),
    path("arrangements/<str:reference>/parts/<str:part>/", parts.PartNew.as_view(), name="arrangement-part-new"),
    path(
        "arrangements/<str:reference>/parts/<str:part>/<int:pk>/", parts.PartRow.as_view(), name="arrangement-part-row"
    ),
    path(
        "arrangements/<str:reference>/parts/<str:part>/<int:pk>/remove/",
        parts.PartRemove.as_view(),
        name="arrangement-part-remove",
    ),
    path("arrangements/<str:reference>/documents/new/", documents.NewDocument.as_view(), name="document-new"),
    path("arrangements/<str:reference>/documents/<int:pk>/", documents.DocumentPage.as_view(), name="document"),
    path(
        "arrangements/<str:reference>/documents/<int:pk>/download/",
        documents.DocumentDownload.as_view(),
        name="document-download",
    ),
    path("arrangements/<str:reference>/begin/", lifecycle.Begin.as_view(), name="arrangement-begin"),
    path("arrangements/<str:reference>/steps/<slug:event>/", lifecycle.TakeStep.as_view(), name="arrangement-step"),
    path(
        "arrangements/<str:reference>/consultations/<int:pk>/",
        lifecycle.AnswerConsultation.as_view(),
        name="consultation",
    ),
    path(
        "arrangements/<str:reference>/assessments/new/", assessments.StartAssessment.as_view(), name="assessment-new"
    ),
    path(
        "arrangements/<str:reference>/assessments/<int:pk>/", assessments.AssessmentPage.as_view(), name="assessment"
    ),
    path(
        "arrangements/<str:reference>/assessments/<int:pk>/do/<str:act>/",
        assessments.AssessmentAct.as_view(),
        name="assessment-act",
    ),
    path(
        "arrangements/<str:reference>/assessments/<int:pk>/<str:letter>/",
        assessments.AssessClause.as_view(),
        name="assess-clause",
    ),
]
